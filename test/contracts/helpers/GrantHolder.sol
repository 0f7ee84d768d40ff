// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { GrantRegistry } from "../../../contracts/GrantRegistry.sol";
import { IMembership } from "../../../contracts/interfaces/IMembership.sol";
import { Membership } from "../../../contracts/Membership.sol";
import { GrantTerms } from "../../../contracts/types/Grants.sol";
import { MemberId, memberIdOf } from "../../../contracts/types/Ids.sol";
import { Roles } from "../../../contracts/types/Roles.sol";
import { Signature } from "../../../contracts/types/Signatures.sol";
import { Founder } from "./Founder.sol";

interface Cheats {
    function chainId(uint256 id) external;
    function warp(uint256 time) external;
    function addr(uint256 privateKey) external returns (address account);
    function sign(uint256 privateKey, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
}

/// @dev EIP-2098.
function compact(uint8 v, bytes32 r, bytes32 s) pure returns (Signature memory) {
    return Signature(r, v == 28 ? s | bytes32(uint256(1) << 255) : s);
}

/// @title A test that is a member with every role, beside a bank whose key it has, and that signs for grants.
/// @dev Hashes are written out here once more: nothing is taken from the contract under test.
abstract contract GrantHolder is Founder {
    Cheats internal constant CHEATS = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant GRANT_KEY = 0xA11CE;
    uint256 internal constant BANK_KEY = 0xB0B;
    string internal constant BANK_USCC = "9131000010000595XD";
    bytes32 private constant DOMAIN_TYPE_HASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );

    Membership internal _members;
    GrantRegistry internal _grants;
    MemberId internal _bank;
    MemberId internal _self;

    function setUp() external {
        IMembership.Admission[] memory founders = new IMembership.Admission[](2);
        founders[0] = _admission(USCC, Roles.ALL, address(this));
        founders[1] = _admission(BANK_USCC, Roles.BANK, CHEATS.addr(BANK_KEY));
        _members = new Membership(DEPLOYMENT, founders, 1);
        _grants = new GrantRegistry(_members);
        _bank = memberIdOf(BANK_USCC);
        _self = memberIdOf(USCC);
    }

    function _registration(bytes32 grant, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("GrantRegistration(bytes32 grant,uint64 deadline)"), grant, deadline));
    }

    function _withdrawal(bytes32 grant) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("GrantWithdrawal(bytes32 grant)"), grant));
    }

    function _consumption(bytes32 grant, bytes32 queryId, uint64 deadline) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("GrantConsumption(bytes32 grant,bytes32 queryId,uint64 deadline)");
        return keccak256(abi.encode(typeHash, grant, queryId, deadline));
    }

    function _signature(uint256 privateKey, bytes32 structHash, uint256 chainId) internal returns (Signature memory) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE_HASH, keccak256("Xinlian"), keccak256("1"), chainId, address(_grants), DEPLOYMENT)
        );
        (uint8 v, bytes32 r, bytes32 s) = CHEATS.sign(
            privateKey,
            keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
        return compact(v, r, s);
    }

    function _hash(GrantTerms memory terms) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "GrantTerms(bytes32 artefact,address key,bytes32 grantee,uint32 validFrom,uint32 validTo,uint16 uses)"
        );
        return
            keccak256(
                abi.encode(
                    typeHash,
                    terms.artefact,
                    terms.key,
                    terms.grantee,
                    terms.validFrom,
                    terms.validTo,
                    terms.uses
                )
            );
    }
}
