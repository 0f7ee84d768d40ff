// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Membership } from "../../contracts/Membership.sol";
import { IMembership } from "../../contracts/interfaces/IMembership.sol";
import { memberIdOf } from "../../contracts/types/Ids.sol";
import { Founder } from "./helpers/Founder.sol";

interface Cheats {
    function chainId(uint256 id) external;
    function addr(uint256 privateKey) external returns (address account);
    function sign(uint256 privateKey, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
}

/// @title Where a chain splits, a signature for one branch does not count on the other.
contract ChainSplitTest is Founder {
    error Wrong(string what);

    Cheats private constant CHEATS = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant PRIVATE_KEY = 0xA11CE;
    bytes32 private constant DOMAIN_TYPE_HASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );

    Membership private _membership;
    address private _current;

    function setUp() external {
        _membership = _found();
        _current = CHEATS.addr(PRIVATE_KEY);
    }

    function test_signatureForTheChainIsTaken() external {
        _membership.rotateTransactionKey(_current, _signature(block.chainid));
        if (_membership.standing(memberIdOf(USCC)).transaction != _current) revert Wrong("not rotated");
    }

    function test_signatureForTheOldChainIsRefusedAfterTheSplit() external {
        bytes memory signature = _signature(block.chainid);
        CHEATS.chainId(block.chainid + 1);
        try _membership.rotateTransactionKey(_current, signature) {
            revert Wrong("taken");
        } catch (bytes memory data) {
            if (bytes4(data) != IMembership.MembershipInvalidSignature.selector) revert Wrong("error");
        }
    }

    function testFuzz_signatureForTheNewChainIsTakenAfterTheSplit(uint64 chainId) external {
        if (chainId == 0) chainId = 1;
        CHEATS.chainId(chainId);
        _membership.rotateTransactionKey(_current, _signature(chainId));
        if (_membership.standing(memberIdOf(USCC)).transaction != _current) revert Wrong("not rotated");
        (, , , uint256 said, , , ) = _membership.eip712Domain();
        if (said != chainId) revert Wrong("domain");
    }

    function _signature(uint256 chainId) private returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPE_HASH,
                keccak256("Xinlian"),
                keccak256("1"),
                chainId,
                address(_membership),
                DEPLOYMENT
            )
        );
        bytes32 rotation = keccak256(
            abi.encode(
                keccak256("KeyRotation(bytes32 member,address previous,address current)"),
                memberIdOf(USCC),
                address(this),
                _current
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = CHEATS.sign(
            PRIVATE_KEY,
            keccak256(abi.encodePacked(hex"1901", domain, rotation))
        );
        return abi.encodePacked(r, s, v);
    }
}
