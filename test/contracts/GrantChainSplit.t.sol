// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IGrantRegistry } from "../../contracts/interfaces/IGrantRegistry.sol";
import { GrantTerms } from "../../contracts/types/Grants.sol";
import { GrantHash } from "../../contracts/types/Ids.sol";
import { Signature } from "../../contracts/types/Signatures.sol";
import { GrantHolder } from "./helpers/GrantHolder.sol";

/// @title Where a chain splits, what was signed of a grant for one branch does not count on the other.
contract GrantChainSplitTest is GrantHolder {
    error Wrong(string what);

    bytes32 private constant QUERY = keccak256("query");
    uint64 private constant DEADLINE = type(uint64).max;

    function testFuzz_signaturesForTheOldChainAreRefusedAfterTheSplit(uint64 chainId) external {
        uint256 old = block.chainid;
        if (chainId == 0 || chainId == old) chainId = uint64(old) + 1;
        (GrantTerms memory terms, bytes32 grant) = _grant();
        Signature memory registration = _signature(GRANT_KEY, _registration(grant, DEADLINE), old);
        Signature memory consumption = _signature(BANK_KEY, _consumption(grant, QUERY, DEADLINE), old);
        Signature memory withdrawal = _signature(GRANT_KEY, _withdrawal(grant), old);

        CHEATS.chainId(chainId);
        bytes4 invalid = IGrantRegistry.GrantRegistryInvalidSignature.selector;
        _refused(
            abi.encodeCall(IGrantRegistry.register, (IGrantRegistry.Registration(terms, DEADLINE, registration))),
            invalid
        );
        _refused(abi.encodeCall(IGrantRegistry.withdraw, (IGrantRegistry.Withdrawal(terms, withdrawal))), invalid);
        _grants.register(
            IGrantRegistry.Registration(terms, DEADLINE, _signature(GRANT_KEY, _registration(grant, DEADLINE), chainId))
        );
        _refused(
            abi.encodeCall(
                IGrantRegistry.consumeFor,
                (IGrantRegistry.Consumption(terms, QUERY, DEADLINE, consumption))
            ),
            IGrantRegistry.GrantRegistryNotGrantee.selector
        );
        _grants.consumeFor(
            IGrantRegistry.Consumption(
                terms,
                QUERY,
                DEADLINE,
                _signature(BANK_KEY, _consumption(grant, QUERY, DEADLINE), chainId)
            )
        );
        _grants.withdraw(IGrantRegistry.Withdrawal(terms, _signature(GRANT_KEY, _withdrawal(grant), chainId)));

        // Back on the old branch the same signatures would have counted.
        CHEATS.chainId(old);
        _refused(
            abi.encodeCall(IGrantRegistry.register, (IGrantRegistry.Registration(terms, DEADLINE, registration))),
            IGrantRegistry.GrantRegistryWithdrawn.selector
        );
    }

    function test_signaturesForTheChainAreTaken() external {
        (GrantTerms memory terms, bytes32 grant) = _grant();
        _grants.register(
            IGrantRegistry.Registration(
                terms,
                DEADLINE,
                _signature(GRANT_KEY, _registration(grant, DEADLINE), block.chainid)
            )
        );
        Signature memory consumption = _signature(BANK_KEY, _consumption(grant, QUERY, DEADLINE), block.chainid);
        _grants.consumeFor(IGrantRegistry.Consumption(terms, QUERY, DEADLINE, consumption));
        _grants.withdraw(IGrantRegistry.Withdrawal(terms, _signature(GRANT_KEY, _withdrawal(grant), block.chainid)));
        (uint32 registeredAt, uint16 usesLeft, bool withdrawn, bool suspended) = _grants.stateOf(GrantHash.wrap(grant));
        if (registeredAt != block.timestamp || usesLeft != 0 || !withdrawn || suspended) revert Wrong("state");
    }

    function _grant() private returns (GrantTerms memory terms, bytes32 grant) {
        terms = GrantTerms(keccak256("artefact"), CHEATS.addr(GRANT_KEY), _bank, 0, type(uint32).max, 1);
        grant = _hash(terms);
    }

    function _refused(bytes memory call, bytes4 wanted) private {
        (bool taken, bytes memory got) = address(_grants).call(call);
        if (taken) revert Wrong("taken");
        if (bytes4(got) != wanted) revert Wrong("error");
    }
}
