// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Roles of members, a bit each.
library Roles {
    /// @dev Votes on membership.
    uint32 internal constant COUNCIL = 1 << 0;
    /// @dev Publishes records of the catalogue (信源单位).
    uint32 internal constant SOURCE = 1 << 1;
    /// @dev Supervises: may suspend grants with a reason.
    uint32 internal constant REGULATOR = 1 << 2;
    /// @dev A regional credit centre: reports and recognition.
    uint32 internal constant CENTRE = 1 << 3;
    /// @dev Reads under grants (金融机构).
    uint32 internal constant BANK = 1 << 4;
    /// @dev Audits.
    uint32 internal constant AUDITOR = 1 << 5;
    /// @dev Identifies enterprises and certifies their keys.
    uint32 internal constant IDENTIFIER = 1 << 6;
    /// @dev All defined bits.
    uint32 internal constant ALL = (1 << 7) - 1;
}
