// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC5267 } from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import { MessageHashUtils } from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title The EIP-712 domain of a Xinlian contract: name "Xinlian", version "1", salt = deployment nonce.
/// @dev OpenZeppelin's EIP712 has no salt. Without one, two consortia on chains of the same id could have contracts at
/// the same address and take each other's signatures.
abstract contract XinlianDomain is IERC5267 {
    string private constant NAME = "Xinlian";
    string private constant VERSION = "1";
    bytes32 private constant DOMAIN_TYPE_HASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    /// @dev EIP-5267: bits 0 to 4 stand for name, version, chain id, contract and salt.
    bytes1 private constant ALL_FIELDS = 0x1f;

    bytes32 private immutable _salt;
    uint256 private immutable _cachedChainId;
    bytes32 private immutable _cachedSeparator;

    constructor(bytes32 salt) {
        _salt = salt;
        _cachedChainId = block.chainid;
        _cachedSeparator = _buildSeparator(salt);
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (ALL_FIELDS, NAME, VERSION, block.chainid, address(this), _salt, new uint256[](0));
    }

    function _deploymentNonce() internal view returns (bytes32) {
        return _salt;
    }

    /// @dev The digest to sign for a struct of this domain.
    function _typedDataDigest(bytes32 structHash) internal view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(_separator(), structHash);
    }

    function _separator() private view returns (bytes32) {
        // The id changes where a chain splits: a signature for one branch must not count on the other.
        if (block.chainid == _cachedChainId) return _cachedSeparator;
        return _buildSeparator(_salt);
    }

    function _buildSeparator(bytes32 salt) private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    DOMAIN_TYPE_HASH,
                    keccak256(bytes(NAME)),
                    keccak256(bytes(VERSION)),
                    block.chainid,
                    address(this),
                    salt
                )
            );
    }
}
