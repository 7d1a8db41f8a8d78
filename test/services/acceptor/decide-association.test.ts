// Who is let in and what each presentation context is answered.

import { describe, expect, test } from "bun:test";
import type { AssociateRequest, UserItem } from "../../../src/dicom/ul/pdu.ts";
import {
  type AcceptorPolicy,
  decideAssociation,
} from "../../../src/services/acceptor/decide-association.ts";
import { ACCEPTED_CONTEXTS, PURPOSES } from "../../../src/services/acceptor/purposes.ts";
import {
  associateRequest,
  COMMITMENT,
  CR_STORAGE,
  EXPLICIT,
  IMPLICIT,
  userItems,
  VERIFICATION,
} from "../../dicom/ul/pdus.ts";

const JPEG = "1.2.840.10008.1.2.4.50";
const WORKLIST = "1.2.840.10008.5.1.4.31";

const POLICY: AcceptorPolicy = {
  aeTitle: "UDR10A",
  ignoreTitleCase: false,
  callers: [
    { aeTitle: "PEER", addresses: ["192.0.2.1", "2001:db8::1"] },
    { aeTitle: "PEER", addresses: ["192.0.2.2"] },
    { aeTitle: "OTHER", addresses: [] },
  ],
  hostFilter: false,
  transferSyntaxes: [IMPLICIT, EXPLICIT],
  quotas: { storage: 1, commitment: 1, verification: 1 },
  inUse: { storage: 0, commitment: 0, verification: 0 },
  open: true,
};

function decide(
  request: Partial<AssociateRequest>,
  policy: Partial<AcceptorPolicy> = {},
  from = "192.0.2.1",
) {
  return decideAssociation(associateRequest(request), from, { ...POLICY, ...policy });
}

const asks = (...uids: string[]) => ({
  contexts: uids.map((abstractSyntax, i) => ({
    id: 2 * i + 1,
    abstractSyntax,
    transferSyntaxes: [IMPLICIT],
  })),
});

const role = (sopClassUid: string, scu: boolean, scp: boolean): UserItem => ({
  type: "role-selection",
  sopClassUid,
  scu,
  scp,
});

test("B3: titles differ by case, unless the setting says that they don't", () => {
  const request = { called: "udr10a", calling: "Peer", ...asks(VERIFICATION) };
  expect(decide(request)).toMatchObject({ kind: "reject", cause: "called-title" });
  expect(decide(request, { ignoreTitleCase: true })).toMatchObject({ kind: "accept" });
});

describe("presentation contexts", () => {
  for (const purpose of PURPOSES)
    for (const row of ACCEPTED_CONTEXTS[purpose].rows)
      test(`${row.name} of table ${ACCEPTED_CONTEXTS[purpose].table} is accepted for ${purpose}`, () => {
        for (const transferSyntax of row.transferSyntaxes) {
          const contexts = [
            { id: 7, abstractSyntax: row.abstractSyntax, transferSyntaxes: [JPEG, transferSyntax] },
          ];
          expect(decide({ contexts })).toEqual({
            kind: "accept",
            contexts: [{ id: 7, result: 0, transferSyntax, role: undefined }],
            purposes: new Set([purpose]),
          });
        }
      });

  test("the tables hold seven rows", () => {
    expect(PURPOSES.flatMap((p) => ACCEPTED_CONTEXTS[p].rows)).toHaveLength(7);
  });

  test("the first transfer syntax of the proposer that we take is taken", () => {
    for (const [offered, taken] of [
      [[EXPLICIT, IMPLICIT], EXPLICIT],
      [[IMPLICIT, EXPLICIT], IMPLICIT],
      [[JPEG, EXPLICIT, IMPLICIT], EXPLICIT],
    ] as const) {
      const contexts = [{ id: 1, abstractSyntax: CR_STORAGE, transferSyntaxes: offered }];
      expect(decide({ contexts })).toMatchObject({ contexts: [{ transferSyntax: taken }] });
    }
  });

  test("an unknown abstract syntax is result 3, unknown transfer syntaxes are result 4", () => {
    const contexts = [
      { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
      { id: 3, abstractSyntax: WORKLIST, transferSyntaxes: [IMPLICIT] },
      { id: 5, abstractSyntax: CR_STORAGE, transferSyntaxes: [JPEG] },
      { id: 9, abstractSyntax: COMMITMENT, transferSyntaxes: [] },
    ];
    expect(decide({ contexts })).toMatchObject({
      kind: "accept",
      contexts: [
        { id: 1, result: 0 },
        { id: 3, result: 3 },
        { id: 5, result: 4 },
        { id: 9, result: 4 },
      ],
      purposes: new Set(["verification"]),
    });
  });

  test("the configuration may take a transfer syntax away", () => {
    const contexts = [{ id: 1, abstractSyntax: CR_STORAGE, transferSyntaxes: [EXPLICIT] }];
    expect(decide({ contexts }, { transferSyntaxes: [IMPLICIT] })).toMatchObject({
      cause: "no-acceptable-context",
    });
  });

  test("one association may ask for everything", () => {
    expect(decide(asks(VERIFICATION, CR_STORAGE, COMMITMENT))).toMatchObject({
      kind: "accept",
      purposes: new Set(["verification", "storage", "commitment"]),
    });
  });
});

describe("roles", () => {
  // of the requestor: proposed for commitment, answered
  for (const [proposed, answered] of [
    [[false, true], { scu: false, scp: true }],
    [[true, true], { scu: false, scp: true }],
    [[true, false], undefined],
    [null, undefined],
  ] as const)
    test(`commitment proposed as ${proposed ?? "nothing"} is accepted with ${JSON.stringify(answered)}`, () => {
      const items = proposed === null ? [] : [role(COMMITMENT, proposed[0], proposed[1])];
      expect(decide({ ...asks(COMMITMENT), userItems: [...userItems(), ...items] })).toMatchObject({
        kind: "accept",
        contexts: [{ id: 1, result: 0, role: answered }],
      });
    });

  test("of a service that we provide the peer is SCU, or has nothing to do here", () => {
    const store = (scu: boolean, scp: boolean) =>
      decide({
        ...asks(CR_STORAGE, VERIFICATION),
        userItems: [...userItems(), role(CR_STORAGE, scu, scp)],
      });
    expect(store(true, true)).toMatchObject({
      contexts: [{ result: 0, role: { scu: true, scp: false } }, { result: 0 }],
    });
    expect(store(false, true)).toMatchObject({
      contexts: [{ result: 1 }, { result: 0 }],
      purposes: new Set(["verification"]),
    });
  });
});

describe("callers", () => {
  test("a title that nobody bears is rejected, also one that differs in case", () => {
    expect(decide({ calling: "STRANGER" })).toMatchObject({ cause: "calling-title" });
    expect(decide({ calling: "peer" })).toMatchObject({ cause: "calling-title" });
  });

  test("blanks around configured titles do not count", () => {
    const blanks = { aeTitle: "UDR10A ", callers: [{ aeTitle: " PEER", addresses: [] }] };
    expect(decide({}, blanks)).toMatchObject({ kind: "accept" });
  });

  test("while nobody is configured everybody may verify, and nothing else", () => {
    const nobody = { callers: [], hostFilter: true };
    expect(decide({ calling: "STRANGER" }, nobody)).toMatchObject({ kind: "accept" });
    expect(decide({ calling: "STRANGER", ...asks(CR_STORAGE) }, nobody)).toMatchObject({
      cause: "calling-title",
    });
    expect(decide({ calling: "STRANGER", ...asks(WORKLIST) }, nobody)).toMatchObject({
      cause: "no-acceptable-context",
    });
    expect(
      decide({ calling: "STRANGER", ...asks(CR_STORAGE, VERIFICATION) }, nobody),
    ).toMatchObject({ contexts: [{ result: 1 }, { result: 0 }] });
  });

  test("with the host filter a title counts from its own addresses only", () => {
    const filter = { hostFilter: true };
    expect(decide({}, filter, "192.0.2.1")).toMatchObject({ kind: "accept" });
    expect(decide({}, filter, "192.0.2.2")).toMatchObject({ kind: "accept" });
    expect(decide({}, filter, "2001:db8::1")).toMatchObject({ kind: "accept" });
    expect(decide({}, filter, "192.0.2.3")).toMatchObject({ cause: "host-filter" });
    expect(decide({ calling: "OTHER" }, filter)).toMatchObject({ cause: "host-filter" });
    expect(decide({}, {}, "192.0.2.3")).toMatchObject({ kind: "accept" });
  });
});

describe("quotas", () => {
  const full = { inUse: { storage: 1, commitment: 0, verification: 0 } };

  test("a purpose at its limit is rejected, the others are not", () => {
    expect(decide(asks(CR_STORAGE), full)).toMatchObject({ cause: "limit-reached" });
    expect(decide(asks(COMMITMENT), full)).toMatchObject({ kind: "accept" });
    expect(decide(asks(VERIFICATION), full)).toMatchObject({ kind: "accept" });
  });

  test("who asks for several needs room for each", () => {
    expect(decide(asks(VERIFICATION, CR_STORAGE), full)).toMatchObject({ cause: "limit-reached" });
  });

  test("a larger quota lets more in", () => {
    const quotas = { storage: 2, commitment: 1, verification: 1 };
    expect(decide(asks(CR_STORAGE), { ...full, quotas })).toMatchObject({ kind: "accept" });
  });
});

test("bits of the protocol version other than bit 0 are not looked at", () => {
  expect(decide({ protocolVersion: 0xffff })).toMatchObject({ kind: "accept" });
  expect(decide({ protocolVersion: 0xfffe })).toMatchObject({ cause: "protocol-version" });
});

test("a request without contexts has no acceptable one", () => {
  expect(decide({ contexts: [] })).toMatchObject({ cause: "no-acceptable-context" });
});

test("a device that stops lets nobody in, but says that it passes", () => {
  expect(decide({}, { open: false })).toMatchObject({
    cause: "passing-internal-cause",
    result: 2,
  });
});
