// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Unified social credit codes (GB 32100-2015).
library Uscc {
    uint256 private constant LENGTH = 18;

    /// @dev Bit c is set where the ASCII character c may stand in a code: 0-9 and A-Y without I, O, S, V (Z neither).
    uint256 private constant ALPHABET =
        (0x3FF << 48) | (0xFF << 65) | (0x1F << 74) | (0x7 << 80) | (0x3 << 84) | (0x7 << 87);

    /// @dev Whether the length and every character are right. Check characters are left to the council, which sees
    /// the body's papers: legacy codes exist that fail them.
    function isWellFormed(string memory code) internal pure returns (bool) {
        bytes memory characters = bytes(code);
        if (characters.length != LENGTH) return false;
        // coverage: never skipped, as LENGTH is not 0.
        for (uint256 i = 0; i < LENGTH; ++i) {
            if ((ALPHABET >> uint8(characters[i])) & 1 == 0) return false;
        }
        return true;
    }
}
