// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IMembership } from "../../../contracts/interfaces/IMembership.sol";
import { Membership } from "../../../contracts/Membership.sol";
import { Roles } from "../../../contracts/types/Roles.sol";

/// @title A test that is itself the only founder of a consortium: calls from it come from the member's account.
abstract contract Founder {
    bytes32 internal constant DEPLOYMENT = keccak256("deployment");
    string internal constant USCC = "11320100MB1886843H";

    function _found() internal returns (Membership) {
        IMembership.Admission[] memory founders = new IMembership.Admission[](1);
        founders[0] = _admission(USCC, Roles.COUNCIL, address(this));
        return new Membership(DEPLOYMENT, founders, 1);
    }

    /// @dev What is admitted of a body that has just the keys that it must have.
    function _admission(
        string memory uscc,
        uint32 roles,
        address transaction
    ) internal pure returns (IMembership.Admission memory) {
        return
            IMembership.Admission({
                name: unicode"一机构",
                uscc: uscc,
                region: 320904,
                roles: roles,
                transaction: transaction,
                keys: IMembership.Keys(abi.encodePacked(keccak256(bytes(uscc))), "", "", "", ""),
                endpoints: "{}"
            });
    }
}
