// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A member of the consortium: keccak256("xinlian/member/v1:" || USCC of the body).
type MemberId is bytes32;

/// @dev A log: keccak256(abi.encode(chain id, LogAnchor, deployment, owner, scope, ordinal)).
type LogId is bytes32;

/// @dev A grant: the EIP-712 hash of its terms, see `grantHashOf`.
type GrantHash is bytes32;

/// @dev An agreement between two regional centres: the EIP-712 hash of its terms, see `agreementIdOf`.
type AgreementId is bytes32;

/// @dev A case of recognition: the EIP-712 hash of its terms, see `caseIdOf`.
type CaseId is bytes32;

using { equals as == } for MemberId global;
using { sameAgreement as == } for AgreementId global;

function equals(MemberId a, MemberId b) pure returns (bool) {
    return MemberId.unwrap(a) == MemberId.unwrap(b);
}

function sameAgreement(AgreementId a, AgreementId b) pure returns (bool) {
    return AgreementId.unwrap(a) == AgreementId.unwrap(b);
}

/// @dev The id of the body that has this USCC.
function memberIdOf(string memory uscc) pure returns (MemberId) {
    return MemberId.wrap(keccak256(bytes.concat("xinlian/member/v1:", bytes(uscc))));
}
