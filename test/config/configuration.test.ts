import { expect, test } from "bun:test";
import {
  defaultConfiguration,
  parseConfiguration,
  protocolsOf,
  redact,
} from "../../src/config/configuration.ts";
import { AE_TITLES, PARAMETERS } from "../../src/config/parameters.ts";
import { protocolByText } from "../../src/config/protocols.ts";

function problemsOf(json: unknown): string[] {
  const result = parseConfiguration(json);
  return result.ok ? [] : result.problems.map((p) => `${p.path} ${p.message}`);
}

function valueAt(root: unknown, key: string): unknown {
  return key.split(".").reduce<unknown>((v, k) => (v as Record<string, unknown>)[k], root);
}

function nested(key: string, value: unknown): unknown {
  return key.split(".").reduceRight<unknown>((inner, k) => ({ [k]: inner }), value);
}

for (const row of PARAMETERS.rows) {
  test(`[4.4-2 ${row.key}] has the stated default`, () => {
    expect(valueAt(defaultConfiguration, row.key)).toEqual(row.default);
  });
  if ("min" in row && "max" in row)
    test(`[4.4-2 ${row.key}] refuses values outside ${row.min} to ${row.max}`, () => {
      for (const value of [row.min - 1, row.max + 1, row.min + 0.5, "x"])
        expect(problemsOf(nested(row.key, value))[0]).toContain(
          `${row.key} must be ${row.min} to ${row.max}`,
        );
      for (const value of [row.min, row.max])
        expect(problemsOf(nested(row.key, value))).toEqual([]);
    });
}

/** The statement's; the program's own default is one that needs no rights. */
const ACCEPTORS_PORT = 104;

for (const { ae, aeTitle, port } of AE_TITLES.rows)
  test(`[4.4-1 ${ae}] bears the device's title${port === null ? "" : " on the acceptors' one port"}`, () => {
    expect(defaultConfiguration.local.aeTitle).toBe(aeTitle);
    expect(port ?? ACCEPTORS_PORT).toBe(ACCEPTORS_PORT);
  });

test("an unknown key is refused by its path, with the key that was meant", () => {
  expect(problemsOf({ storage: { retryDelays: 5 } })).toEqual([
    "storage.retryDelays is not a known key; did you mean retryDelay?",
  ]);
  expect(problemsOf({ colour: 1 })).toEqual(["colour is not a known key"]);
});

const bad: [string, unknown, string][] = [
  [
    "AE title too long",
    { local: { aeTitle: "ABCDEFGHIJKLMNOPQ" } },
    "local.aeTitle must be 1 to 16",
  ],
  ["AE title with backslash", { local: { aeTitle: "A\\B" } }, "local.aeTitle"],
  [
    "port",
    { remotes: [{ id: "a", aeTitle: "A", host: "h", port: 70000 }] },
    "remotes[0].port must be 1 to 65535, is 70000",
  ],
  [
    "twice the same remote",
    {
      remotes: [
        { id: "a", aeTitle: "A", host: "h", port: 1 },
        { id: "a", aeTitle: "B", host: "h", port: 2 },
      ],
    },
    'remotes[1].id "a" is used twice',
  ],
  [
    "density",
    {
      remotes: [{ id: "p", aeTitle: "P", host: "h", port: 1, services: ["print"] }],
      printers: { p: { minDensity: 310 } },
    },
    "printers.p.minDensity must not be above maxDensity",
  ],
  ["printer without remote", { printers: { p: {} } }, "printers.p must be the id of a remote"],
  [
    "tls halves",
    { remotes: [{ id: "a", aeTitle: "A", host: "h", port: 1, tls: { cert: "x" } }] },
    "remotes[0].tls cert and key must be given together",
  ],
  ["time zone", { device: { timeZone: "Mars" } }, "device.timeZone must be an IANA time zone"],
  [
    "uid root too long",
    { device: { uidRoot: "1.2.392.200036.9116.32.5.12345" } },
    "device.uidRoot must have at most 26",
  ],
  [
    "unknown protocol",
    { acquisition: { defaultProtocolId: "none" } },
    'acquisition.defaultProtocolId no protocol has the id "none"',
  ],
  ["not an object", 5, "(document)"],
];
for (const [name, json, message] of bad)
  test(`refused: ${name}`, () => expect(problemsOf(json).join("\n")).toContain(message));

test("the result cannot be changed and the PIN is not shown", () => {
  const result = parseConfiguration({ http: { pin: "12345" } });
  if (!result.ok) throw new Error("refused");
  expect(() => {
    (result.configuration.local as { aeTitle: string }).aeTitle = "X";
  }).toThrow();
  expect(redact(result.configuration).http.pin).toBe("***");
  expect(redact(defaultConfiguration).http.pin).toBeNull();
});

test("a worklist text finds its protocol without regard to case", () => {
  expect(protocolByText(protocolsOf(defaultConfiguration), " upper gi ")?.id).toBe("upper-gi");
  expect(protocolByText(protocolsOf(defaultConfiguration), "nothing")).toBeUndefined();
});

test("a document as it is shown, shipped protocols included, reads as the same configuration", () => {
  const shown = {
    ...defaultConfiguration,
    acquisition: {
      ...defaultConfiguration.acquisition,
      protocols: protocolsOf(defaultConfiguration),
    },
  };
  const result = parseConfiguration(JSON.parse(JSON.stringify(shown)));
  expect(result.ok && result.configuration).toEqual(defaultConfiguration);
});
