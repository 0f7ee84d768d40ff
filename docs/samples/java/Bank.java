import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A bank reads the records of an enterprise under its grant: token, check, query, answers opened and their signatures
 * verified. JDK 17, nothing else; docs/integrate.md goes through it.
 *
 * <p>{@code java -cp . Bank GATEWAY MEMBER KEY.pem APP.jws GRANT.json HASH PROVIDER...}: the gateway's address, the bank's
 * member id, the application's P-256 key (PKCS 8), its certificate (`xinlian keys certify`), a grant document and its hash,
 * providers to ask.
 */
public final class Bank {
    private static final String ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private final HttpClient http = HttpClient.newHttpClient();
    private final String gateway;
    private final String member;
    private final PrivateKey key;
    private final String app;
    private String token = "";

    private Bank(String gateway, String member, PrivateKey key, String app) {
        this.gateway = gateway;
        this.member = member;
        this.key = key;
        this.app = app;
    }

    public static void main(String[] args) throws Exception {
        System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8));
        String pem = Files.readString(Path.of(args[2])).replaceAll("-----[A-Z ]+-----|\\s", "");
        PrivateKey key =
            KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
        Bank bank = new Bank(args[0], args[1], key, Files.readString(Path.of(args[3])).trim());
        Map<String, Object> grant = Json.object(Files.readString(Path.of(args[4])));
        bank.authenticate();
        bank.check(args[5]);
        bank.query(grant, List.of(args).subList(6, args.length));
    }

    /** A token for ten minutes, for an assertion that is used once. */
    private void authenticate() throws Exception {
        long now = System.currentTimeMillis() / 1000;
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", member);
        claims.put("sub", member);
        claims.put("aud", gateway);
        claims.put("iat", now);
        claims.put("exp", now + 120);
        claims.put("jti", Jose.random(16));
        String form = "grant_type=client_credentials&client_assertion_type=" + URLEncoder.encode(ASSERTION, StandardCharsets.UTF_8)
            + "&client_assertion=" + Jose.sign("JWT", claims, app, key);
        token = Json.string(call("/v1/oauth/token", "application/x-www-form-urlencoded", form), "access_token");
    }

    /** Whether the grant stands, by the chain. */
    private void check(String grant) throws Exception {
        String body = Json.write(Map.of("checks", List.of(Map.of("grant", grant))));
        Object result = Json.list(call("/v1/grants/check", "application/json", body), "results").get(0);
        System.out.println("check " + Json.write(result));
    }

    private void query(Map<String, Object> grant, List<String> providers) throws Exception {
        Map<String, Object> artefact = Json.object(Json.string(grant, "artefact"));
        List<Object> items = new ArrayList<>();
        for (Object item : Json.list(artefact, "items")) items.add(Json.string(item, "item"));
        String id = Jose.random(32);
        KeyPair reply = Jose.newAgreement();
        long now = System.currentTimeMillis() / 1000;

        List<Object> parts = new ArrayList<>();
        List<Object> requests = new ArrayList<>();
        for (String provider : providers) {
            Map<String, Object> query = statement(provider, id, now);
            query.put("grant", grant);
            query.put("items", items);
            query.put("purpose", Json.string(artefact, "purpose"));
            query.put("reply", Jose.jwk(reply.getPublic()));
            String signed = Jose.sign("xinlian-query+jwt", query, app, key);
            requests.add(Map.of("provider", provider, "request", Jose.sha256(signed)));
            parts.add(Map.of("provider", provider, "query", Jose.seal(signed, sealingKey(provider))));
        }
        // The own node logs it before anyone is asked, and consumes a counted grant. Pin its key in production: a
        // gateway that is another's could name one of its own, and read along.
        Map<String, Object> journal = statement(member, id, now);
        journal.put("grant", grant);
        journal.put("items", items);
        journal.put("requests", requests);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("query", id);
        body.put("journal", Jose.seal(Jose.sign("xinlian-journal+jwt", journal, app, key), sealingKey(member)));
        body.put("parts", parts);

        for (Object part : Json.list(call("/v1/queries", "application/json", Json.write(body)), "parts")) {
            String provider = Json.string(part, "provider");
            if (!"answer".equals(Json.string(part, "outcome"))) {
                System.out.println("provider " + provider + " " + Json.string(part, "outcome"));
                continue;
            }
            String jws = Jose.open(Json.string(part, "answer"), reply.getPrivate());
            show(provider, id, jws);
        }
    }

    /** An answer counts when a checkpoint key of that provider signed it, for this query. */
    private void show(String provider, String id, String jws) throws Exception {
        Map<String, Object> unproved =
            Json.object(new String(Jose.decode(jws.split("\\.")[1]), StandardCharsets.UTF_8));
        String signer = Json.string(Json.object(unproved, "receipt"), "key");
        List<Object> keys = Json.list(Json.object(get("/v1/members/" + provider), "history"), "checkpoint");
        if (keys.stream().noneMatch(known -> signer.equals(Json.string(known, "key"))))
            throw new GeneralSecurityException("the answer is signed by no key of " + provider);
        Map<String, Object> answer = Json.object(Jose.verify("xinlian-answer+jwt", jws, Jose.decode(signer)));
        Map<String, Object> body = Json.object(Json.string(answer, "body"));
        if (!provider.equals(body.get("provider")) || !id.equals(body.get("query")))
            throw new GeneralSecurityException("the answer is to another query");
        List<Object> records = Json.list(body, "records");
        String reason = body.get("reason") == null ? "" : " " + body.get("reason");
        System.out.println("provider " + provider + " " + body.get("outcome") + reason + " records " + records.size());
        for (Object record : records) {
            StringBuilder fields = new StringBuilder("record");
            for (Object disclosure : Json.list(record, "disclosures")) {
                // SD-JWT: salt, name, value. `xinlian open` also proves each record against the provider's log.
                List<?> claim = (List<?>) Json.parse(new String(Jose.decode((String) disclosure), StandardCharsets.UTF_8));
                if (claim.get(2) != null) fields.append(' ').append(claim.get(1)).append('=').append(claim.get(2));
            }
            System.out.println(fields);
        }
    }

    private Map<String, Object> statement(String audience, String id, long now) {
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", member);
        claims.put("aud", audience);
        claims.put("jti", id);
        claims.put("iat", now);
        claims.put("exp", now + 300);
        return claims;
    }

    private byte[] sealingKey(String id) throws Exception {
        return Jose.decode(Json.string(Json.object(get("/v1/members/" + id), "keys"), "sealing"));
    }

    private Map<String, Object> get(String path) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(gateway + path)).GET());
    }

    private Map<String, Object> call(String path, String type, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(gateway + path))
            .header("content-type", type)
            .header("idempotency-key", UUID.randomUUID().toString())
            .POST(HttpRequest.BodyPublishers.ofString(body));
        if (!token.isEmpty()) request.header("authorization", "Bearer " + token);
        return send(request);
    }

    private Map<String, Object> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 == 2) return Json.object(response.body());
        // Problem Details: `code` is stable, `retryable` says whether the same request may succeed later.
        throw new IOException(response.statusCode() + " " + response.body());
    }
}
