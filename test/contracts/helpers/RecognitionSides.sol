// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IMembership } from "../../../contracts/interfaces/IMembership.sol";
import { IRecognitionRegistry } from "../../../contracts/interfaces/IRecognitionRegistry.sol";
import { Membership } from "../../../contracts/Membership.sol";
import { RecognitionRegistry } from "../../../contracts/RecognitionRegistry.sol";
import { AgreementId, MemberId, memberIdOf } from "../../../contracts/types/Ids.sol";
import { AgreementTerms, CaseStep, CaseTerms } from "../../../contracts/types/Recognition.sol";
import { Roles } from "../../../contracts/types/Roles.sol";
import { Signature } from "../../../contracts/types/Signatures.sol";
import { Founder } from "./Founder.sol";
import { Cheats, compact } from "./GrantHolder.sol";

interface Pranks {
    function prank(address sender) external;
}

/// @title Two centres, of which the test is the first, with officers whose keys it has, and an agreement in force.
/// @dev Hashes are written out here once more: nothing is taken from the contract under test.
abstract contract RecognitionSides is Founder {
    Cheats internal constant CHEATS = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant START = 1_000_000;
    uint256 internal constant HOST_KEY = 0x4057;
    uint256 internal constant APPLICANT = 0xA1;
    uint256 internal constant HOME_HANDLER = 0xB1;
    uint256 internal constant HOME_DECIDER = 0xB2;
    uint256 internal constant HOST_HANDLER = 0xC1;
    uint256 internal constant HOST_OTHER = 0xC2;
    uint256 internal constant HOST_DECIDER = 0xC3;
    string internal constant HOST_USCC = "9131000010000595XD";
    bytes32 private constant DOMAIN_TYPE_HASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );

    Membership internal _members;
    RecognitionRegistry internal _registry;
    MemberId internal _home;
    MemberId internal _host;
    AgreementTerms internal _agreement;

    function setUp() external {
        CHEATS.warp(START);
        IMembership.Admission[] memory founders = new IMembership.Admission[](2);
        founders[0] = _admission(USCC, Roles.COUNCIL | Roles.CENTRE, address(this));
        founders[1] = _admission(HOST_USCC, Roles.CENTRE, CHEATS.addr(HOST_KEY));
        _members = new Membership(DEPLOYMENT, founders, 1);
        _registry = new RecognitionRegistry(_members);
        _home = memberIdOf(USCC);
        _host = memberIdOf(HOST_USCC);
        _agreement = AgreementTerms({
            document: keccak256("agreement"),
            first: _home,
            second: _host,
            previous: AgreementId.wrap(0),
            validFrom: 0,
            validTo: type(uint32).max,
            noticeDays: 1,
            officialLeastDays: 1,
            officialMostDays: 3,
            applicantLeastDays: 2,
            applicantMostDays: 4,
            validityDays: 5,
            supplementRounds: 1,
            fourEyes: true
        });
        _registry.propose(_agreement);
        _prank();
        _registry.countersign(_agreement);
        _enrol(_home, HOME_HANDLER, 1);
        _enrol(_home, HOME_DECIDER, 2);
        _enrol(_host, HOST_HANDLER, 1);
        _enrol(_host, HOST_OTHER, 1);
        _enrol(_host, HOST_DECIDER, 2);
    }

    /// @dev The next call comes from the host's transaction key.
    function _prank() internal {
        Pranks(address(CHEATS)).prank(CHEATS.addr(HOST_KEY));
    }

    function _enrol(MemberId member, uint256 key, uint8 duties) private {
        address officer = CHEATS.addr(key);
        bytes32 typeHash = keccak256("OfficerEnrolment(bytes32 member,address officer,uint8 duties,uint32 until)");
        bytes32 structHash = keccak256(abi.encode(typeHash, member, officer, duties, type(uint32).max));
        Signature memory signature = _signature(key, structHash, block.chainid);
        if (member == _host) _prank();
        _registry.enrol(officer, duties, type(uint32).max, signature);
    }

    function _caseId(CaseTerms memory terms) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "CaseTerms(bytes32 agreement,bytes32 home,bytes32 host,address applicant,bytes32 report)"
        );
        return keccak256(abi.encode(typeHash, terms.agreement, terms.home, terms.host, terms.applicant, terms.report));
    }

    function _stepHash(bytes32 caseId, CaseStep memory step) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "CaseStep(bytes32 caseId,uint8 action,uint8 role,uint16 step,bytes32 document,uint32 due,uint64 deadline)"
        );
        return
            keccak256(
                abi.encode(typeHash, caseId, step.action, step.role, step.step, step.document, step.due, step.deadline)
            );
    }

    function _signature(uint256 privateKey, bytes32 structHash, uint256 chainId) internal returns (Signature memory) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE_HASH, keccak256("Xinlian"), keccak256("1"), chainId, address(_registry), DEPLOYMENT)
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        (uint8 v, bytes32 r, bytes32 s) = CHEATS.sign(privateKey, digest);
        return compact(v, r, s);
    }
}
