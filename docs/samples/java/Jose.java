import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** The two envelopes of Xinlian, by the JDK alone: compact JWS (ES256, EdDSA) and compact JWE (ECDH-ES, P-256, A256GCM). */
final class Jose {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final byte[] ED25519 = HexFormat.of().parseHex("302a300506032b6570032100");

    private Jose() {}

    static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static byte[] decode(String text) {
        return Base64.getUrlDecoder().decode(text);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String random(int bytes) {
        byte[] drawn = new byte[bytes];
        RANDOM.nextBytes(drawn);
        return encode(drawn);
    }

    static String sha256(String text) throws GeneralSecurityException {
        return encode(MessageDigest.getInstance("SHA-256").digest(utf8(text)));
    }

    /** @param app certificate of the application, by the member's client key: its key signs */
    static String sign(String typ, Map<String, ?> payload, String app, PrivateKey key) throws GeneralSecurityException {
        Map<String, Object> header = new LinkedHashMap<>(Map.of("alg", "ES256", "typ", typ, "app", app));
        String signed = encode(utf8(Json.write(header))) + "." + encode(utf8(Json.write(payload)));
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initSign(key);
        signature.update(utf8(signed));
        return signed + "." + encode(signature.sign());
    }

    /** @return the payload of a JWS of this type that the Ed25519 key signed */
    static String verify(String typ, String jws, byte[] key) throws GeneralSecurityException {
        String[] parts = jws.split("\\.");
        Map<String, Object> header = Json.object(new String(decode(parts[0]), StandardCharsets.UTF_8));
        byte[] spki = ByteBuffer.allocate(44).put(ED25519).put(key).array();
        Signature signature = Signature.getInstance("Ed25519");
        signature.initVerify(KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(spki)));
        signature.update(utf8(parts[0] + "." + parts[1]));
        boolean right = typ.equals(header.get("typ")) && "EdDSA".equals(header.get("alg"));
        if (!right || !signature.verify(decode(parts[2]))) throw new GeneralSecurityException(typ + ": not signed so");
        return new String(decode(parts[1]), StandardCharsets.UTF_8);
    }

    static KeyPair newAgreement() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    static Map<String, Object> jwk(PublicKey key) {
        ECPoint point = ((ECPublicKey) key).getW();
        Map<String, Object> jwk = new LinkedHashMap<>();
        jwk.put("crv", "P-256");
        jwk.put("kty", "EC");
        jwk.put("x", encode(bytes32(point.getAffineX())));
        jwk.put("y", encode(bytes32(point.getAffineY())));
        return jwk;
    }

    /** Seals to a compressed point, as members have it. */
    static String seal(String plaintext, byte[] recipient) throws GeneralSecurityException {
        KeyPair own = newAgreement();
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("alg", "ECDH-ES");
        header.put("cty", "JWT");
        header.put("enc", "A256GCM");
        header.put("epk", jwk(own.getPublic()));
        String head = encode(utf8(Json.write(header)));
        byte[] iv = new byte[12];
        RANDOM.nextBytes(iv);
        byte[] sealed = gcm(Cipher.ENCRYPT_MODE, agree(own.getPrivate(), decompress(recipient)), iv, head, utf8(plaintext));
        byte[] text = java.util.Arrays.copyOf(sealed, sealed.length - 16);
        byte[] tag = java.util.Arrays.copyOfRange(sealed, sealed.length - 16, sealed.length);
        return head + ".." + encode(iv) + "." + encode(text) + "." + encode(tag);
    }

    static String open(String jwe, PrivateKey key) throws GeneralSecurityException {
        String[] parts = jwe.split("\\.");
        Map<String, Object> header = Json.object(new String(decode(parts[0]), StandardCharsets.UTF_8));
        if (!"ECDH-ES".equals(header.get("alg")) || !"A256GCM".equals(header.get("enc")))
            throw new GeneralSecurityException("JWE: wanted ECDH-ES and A256GCM");
        Map<String, Object> epk = Json.object(header, "epk");
        BigInteger x = new BigInteger(1, decode((String) epk.get("x")));
        BigInteger y = new BigInteger(1, decode((String) epk.get("y")));
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        sealed.writeBytes(decode(parts[3]));
        sealed.writeBytes(decode(parts[4]));
        byte[] plain = gcm(Cipher.DECRYPT_MODE, agree(key, point(x, y)), decode(parts[2]), parts[0], sealed.toByteArray());
        return new String(plain, StandardCharsets.UTF_8);
    }

    private static byte[] gcm(int mode, byte[] key, byte[] iv, String additional, byte[] text) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
        cipher.updateAAD(utf8(additional));
        return cipher.doFinal(text);
    }

    /** ECDH and the Concat KDF of RFC 7518, section 4.6.2. */
    private static byte[] agree(PrivateKey own, PublicKey other) throws GeneralSecurityException {
        KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
        agreement.init(own);
        agreement.doPhase(other, true);
        byte[] algorithm = utf8("A256GCM");
        MessageDigest hash = MessageDigest.getInstance("SHA-256");
        hash.update(u32(1));
        hash.update(agreement.generateSecret());
        hash.update(u32(algorithm.length));
        hash.update(algorithm);
        hash.update(u32(0));
        hash.update(u32(0));
        hash.update(u32(256));
        return hash.digest();
    }

    /** y² = x³ − 3x + b; p is 3 modulo 4, so that a root is a power. */
    private static PublicKey decompress(byte[] compressed) throws GeneralSecurityException {
        ECParameterSpec curve = curve();
        BigInteger p = ((ECFieldFp) curve.getCurve().getField()).getP();
        BigInteger x = new BigInteger(1, java.util.Arrays.copyOfRange(compressed, 1, 33));
        BigInteger square = x.pow(3).add(curve.getCurve().getA().multiply(x)).add(curve.getCurve().getB()).mod(p);
        BigInteger y = square.modPow(p.add(BigInteger.ONE).shiftRight(2), p);
        if (!y.pow(2).mod(p).equals(square)) throw new GeneralSecurityException("no point of P-256");
        return point(x, y.testBit(0) == (compressed[0] == 3) ? y : p.subtract(y));
    }

    private static PublicKey point(BigInteger x, BigInteger y) throws GeneralSecurityException {
        return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(new ECPoint(x, y), curve()));
    }

    private static ECParameterSpec curve() throws GeneralSecurityException {
        AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec("secp256r1"));
        return parameters.getParameterSpec(ECParameterSpec.class);
    }

    private static byte[] bytes32(BigInteger value) {
        byte[] bytes = value.toByteArray();
        byte[] padded = new byte[32];
        int length = Math.min(32, bytes.length);
        System.arraycopy(bytes, bytes.length - length, padded, 32 - length, length);
        return padded;
    }

    private static byte[] u32(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }
}
