// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title RFC 9162 as it is written, slow and plain: what the contracts' shortened walk is compared with.
library RFC9162Reference {
    enum Verdict {
        Accepted,
        TooShort,
        TooLong,
        WrongOld,
        WrongNew
    }

    struct Outcome {
        Verdict verdict;
        bytes32 oldRoot;
        bytes32 newRoot;
        uint256 used;
    }

    /// @dev Section 2.1.4.2. `used` counts the elements taken before `sn` was 0.
    function verify(
        uint256 first,
        bytes32 firstHash,
        uint256 second,
        bytes32 secondHash,
        bytes32[] memory proof
    ) internal pure returns (Outcome memory outcome) {
        bool prepended = first & (first - 1) == 0;
        bytes32[] memory path = prepended ? _prepend(firstHash, proof) : proof;
        if (path.length == 0) return Outcome(Verdict.TooShort, 0, 0, 0);
        uint256 fn = first - 1;
        uint256 sn = second - 1;
        while (fn & 1 == 1) {
            fn >>= 1;
            sn >>= 1;
        }
        bytes32 fr = path[0];
        bytes32 sr = path[0];
        for (uint256 i = 1; i < path.length; ++i) {
            if (sn == 0) return Outcome(Verdict.TooLong, fr, sr, prepended ? i - 1 : i);
            if (fn & 1 == 1 || fn == sn) {
                fr = node(path[i], fr);
                sr = node(path[i], sr);
                while (fn & 1 == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                sr = node(sr, path[i]);
            }
            fn >>= 1;
            sn >>= 1;
        }
        Verdict verdict = Verdict.Accepted;
        if (sn != 0) verdict = Verdict.TooShort;
        else if (fr != firstHash) verdict = Verdict.WrongOld;
        else if (sr != secondHash) verdict = Verdict.WrongNew;
        return Outcome(verdict, fr, sr, proof.length);
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function _prepend(bytes32 head, bytes32[] memory tail) private pure returns (bytes32[] memory whole) {
        whole = new bytes32[](tail.length + 1);
        whole[0] = head;
        for (uint256 i = 0; i < tail.length; ++i) whole[i + 1] = tail[i];
    }
}
