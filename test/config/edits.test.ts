import { expect, test } from "bun:test";
import { parseConfiguration } from "../../src/config/configuration.ts";
import {
  mergePatch,
  problemsOfRemote,
  withChangedRemote,
  withNewRemote,
  withoutRemote,
} from "../../src/config/edits.ts";

function configured(document: object) {
  const parsed = parseConfiguration(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

const FILM = { id: "film", aeTitle: "FILM", host: "192.0.2.9", port: 104, services: ["print"] };
const PACS = {
  id: "pacs",
  aeTitle: "PACS",
  host: "192.0.2.5",
  port: 104,
  archive: true,
  lifeCheck: false,
  characterSet: "ISO_IR 192",
  tls: { ca: "ca.pem", verify: true },
};
const both = configured({ remotes: [PACS, FILM], printers: { film: { mediumType: "PAPER" } } });

test("a patch changes the keys it names, takes away what is null, and replaces lists whole", () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [document, patch, merged] of cases)
    expect(mergePatch(document, patch)).toEqual(merged);
});

test("a patch cannot reach what all objects share", () => {
  mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("a changed remote keeps what the change does not name, in its place", () => {
  const changed = configured(withChangedRemote(both, "pacs", { host: "192.0.2.6" }));
  expect(changed).toEqual({
    ...both,
    remotes: [{ ...both.remotes[0], host: "192.0.2.6" }, both.remotes[1]] as never,
  });
  const plain = configured(withChangedRemote(both, "pacs", { tls: null, characterSet: null }));
  expect(Object.keys(plain.remotes[0] ?? {})).not.toContain("tls");
  expect(Object.keys(plain.remotes[0] ?? {})).not.toContain("characterSet");
});

test("TLS files of another remote take the place of all of its own", () => {
  const changed = withChangedRemote(both, "pacs", { tls: { verify: false } });
  expect(configured(changed).remotes[0]?.tls).toEqual({ verify: false });
});

test("a printer's settings go with the remote, or with its service, and with no other", () => {
  expect(configured(withoutRemote(both, "film"))).toEqual({
    ...both,
    remotes: [both.remotes[0]] as never,
    printers: {},
  });
  expect(configured(withChangedRemote(both, "film", { services: ["storage"] })).printers).toEqual(
    {},
  );
  expect(configured(withoutRemote(both, "pacs")).printers).toEqual(both.printers);
});

test("problems of a remote bear its fields' own names", () => {
  const parsed = parseConfiguration(withNewRemote(both, { ...PACS, id: "x", port: 0, foo: 1 }));
  const problems = parsed.ok ? [] : problemsOfRemote(parsed.problems, 2);
  expect(problems.map(({ path }) => path).sort()).toEqual(["foo", "port"]);
});
