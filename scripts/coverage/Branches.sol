// SPDX-License-Identifier: Apache-2.0
pragma solidity >=0.8.20;

/// @title What an instrumented copy of a contract calls at its branches; never part of what is deployed.
/// @dev A branch is told as statements are told to Hardhat: by a call to the address that its simulated network watches
/// for. That counts in a call that is reverted later too. The tag of an outcome is TAGS and the number of the outcome.
library __Branches {
    uint256 private constant TAGS = uint256(bytes32("xinlian branch"));
    address private constant WATCHED = 0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE;

    /// @dev Outcome `first` where the condition holds, the one after it where it does not.
    function taken(bool condition, uint256 first) internal pure returns (bool) {
        reached(condition ? first : first + 1);
        return condition;
    }

    /// @dev As `taken`; the outcome after those two where a loop that has not begun does not begin.
    function loops(bool begun, bool condition, uint256 skipped) internal pure returns (bool) {
        if (!begun && !condition) reached(skipped);
        return condition;
    }

    function reached(uint256 outcome) internal pure {
        _pure(_tell)(outcome);
    }

    function _tell(uint256 outcome) private view {
        uint256 tag = TAGS | outcome;
        address watched = WATCHED;
        assembly ("memory-safe") {
            mstore(0x00, tag)
            pop(staticcall(gas(), watched, 0x00, 0x20, 0x00, 0x00))
        }
    }

    /// @dev What is told changes nothing, so that it may be told in pure functions as well.
    function _pure(
        function(uint256) internal view teller
    ) private pure returns (function(uint256) internal pure told) {
        assembly ("memory-safe") {
            told := teller
        }
    }
}
