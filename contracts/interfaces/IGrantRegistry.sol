// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { GrantTerms } from "../types/Grants.sol";
import { GrantHash, MemberId } from "../types/Ids.sol";
import { Signature } from "../types/Signatures.sol";

/// @title Which grants (授权) stand, and which queries have used them.
/// @notice An enterprise authorises a bank in an artefact that the chain never sees. A random key, made for that one
/// grant, speaks for it here: nothing tells whose grant it is, and anyone may carry its signed word to the chain.
///
/// Signatures are EIP-712 in the domain of `eip712Domain`. In a batch a bad item fails alone: `GrantItemFailed` tells the
/// error that its single form would have reverted with.
interface IGrantRegistry {
    /// @param terms All of artefact, key and grantee set, and a term that has not ended.
    /// @param deadline Seconds since 1970, included: later the signature does not count.
    /// @param signature By the grant key, of GrantRegistration(bytes32 grant,uint64 deadline).
    struct Registration {
        GrantTerms terms;
        uint64 deadline;
        Signature signature;
    }

    /// @param signature By the grant key, of GrantWithdrawal(bytes32 grant).
    struct Withdrawal {
        GrantTerms terms;
        Signature signature;
    }

    /// @param queryId Random, chosen by the grantee.
    /// @param deadline Seconds since 1970, included: later the signature does not count.
    /// @param signature By the grantee's current transaction key, of
    /// GrantConsumption(bytes32 grant,bytes32 queryId,uint64 deadline). In a batch zeros: the sender's own, see `consume`.
    struct Consumption {
        GrantTerms terms;
        bytes32 queryId;
        uint64 deadline;
        Signature signature;
    }

    event GrantRegistered(GrantHash indexed grant, MemberId indexed grantee, GrantTerms terms);
    /// @param by The member that withdrew it for a lost key; 0 (and reason 0) where the grant key did.
    event GrantWithdrawn(GrantHash indexed grant, MemberId indexed by, bytes32 reason);
    event GrantSuspended(GrantHash indexed grant, MemberId indexed by, bytes32 reason);
    event GrantResumed(GrantHash indexed grant, MemberId indexed by);
    event GrantConsumed(GrantHash indexed grant, bytes32 indexed queryId, uint16 usesLeft);
    /// @param index Of the item in its batch.
    /// @param reason ABI-encoded error.
    event GrantItemFailed(uint256 index, bytes reason);

    /// @dev The signature came too late: now is past its deadline.
    error GrantRegistryDeadlinePassed(uint64 deadline, uint256 time);
    /// @dev No artefact, no key or no grantee.
    error GrantRegistryIncompleteTerms(bytes32 artefact, address key, MemberId grantee);
    /// @dev The term has no second in it.
    error GrantRegistryEmptyTerm(uint32 validFrom, uint32 validTo);
    error GrantRegistryNotYetValid(GrantHash grant, uint32 validFrom, uint256 time);
    error GrantRegistryEnded(GrantHash grant, uint32 validTo, uint256 time);
    error GrantRegistryAlreadyRegistered(GrantHash grant, uint32 registeredAt);
    error GrantRegistryNotRegistered(GrantHash grant);
    error GrantRegistryWithdrawn(GrantHash grant);
    error GrantRegistrySuspended(GrantHash grant);
    error GrantRegistryNotSuspended(GrantHash grant);
    /// @dev Zero was recovered from a signature that is none.
    error GrantRegistryInvalidSignature(address expected, address recovered);
    error GrantRegistryUncounted(GrantHash grant);
    error GrantRegistryUsedUp(GrantHash grant, uint16 uses);
    error GrantRegistryAlreadyConsumed(GrantHash grant, bytes32 queryId);
    /// @dev `account`, which sent or signed, is not now the transaction key of the grantee, or the grantee is not active
    /// as a bank. Zero: the signature is none.
    error GrantRegistryNotGrantee(GrantHash grant, MemberId grantee, address account);
    /// @dev The caller is not now the transaction key of an active member that has this role.
    error GrantRegistryUnauthorized(address caller, uint32 role);
    error GrantRegistryBatchTooLarge(uint256 length, uint256 most);

    /// @notice Registers a grant, so that it can be used. Anyone may send it.
    /// @dev A grant that was suspended before stays so.
    function register(Registration calldata item) external;

    /// @notice As `register`, for at most `MAX_BATCH` grants.
    function registerBatch(Registration[] calldata items) external;

    /// @notice Withdraws a grant for good; one that is not registered yet can never be. Anyone may send it.
    function withdraw(Withdrawal calldata item) external;

    /// @notice As `withdraw`, for at most `MAX_BATCH` grants.
    function withdrawBatch(Withdrawal[] calldata items) external;

    /// @notice Withdraws a grant whose key is lost, registered or not. Only for active members that identify enterprises.
    function withdrawFor(GrantHash grant, bytes32 reason) external;

    /// @notice Suspends a grant, registered or not. Only for active regulators.
    function suspend(GrantHash grant, bytes32 reason) external;

    /// @notice Ends a suspension. Only for active regulators.
    function resume(GrantHash grant) external;

    /// @notice Uses a grant for one query, once. Only from the grantee's current transaction key, while it is active as a
    /// bank.
    /// @param queryId Random, chosen by the grantee.
    function consume(GrantTerms calldata terms, bytes32 queryId) external;

    /// @notice As `consume`. Anyone may send it.
    function consumeFor(Consumption calldata item) external;

    /// @notice As `consumeFor` and `consume`, for at most `MAX_BATCH` queries.
    function consumeBatch(Consumption[] calldata items) external;

    /// @notice The most items in a batch.
    // solhint-disable-next-line func-name-mixedcase
    function MAX_BATCH() external view returns (uint256);

    function membership() external view returns (address);

    /// @notice A grant as it stands.
    /// @return registeredAt Block time of its registration; 0 if it is not registered.
    /// @return usesLeft How many query ids can still consume it.
    /// @return withdrawn Whether it ended for good.
    /// @return suspended Whether it is suspended.
    function stateOf(
        GrantHash grant
    ) external view returns (uint32 registeredAt, uint16 usesLeft, bool withdrawn, bool suspended);

    function isConsumed(GrantHash grant, bytes32 queryId) external view returns (bool);

    /// @notice The id of the grant that has these terms.
    function grantHash(GrantTerms calldata terms) external view returns (GrantHash);
}
