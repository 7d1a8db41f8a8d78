import { expect, test } from "bun:test";
import { parseConfiguration } from "../../src/config/configuration.ts";
import {
  atThisDevice,
  changesBetween,
  namedKeyFiles,
  withFileNames,
} from "../../src/config/settings-document.ts";

function configured(document: unknown) {
  const parsed = parseConfiguration(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

const PACS = { id: "pacs", aeTitle: "PACS", host: "192.0.2.5", port: 104 };
const RIS = { id: "ris", aeTitle: "RIS", host: "192.0.2.7", port: 104, services: ["mpps"] };

test("of http a document from elsewhere changes only what it names, and never takes the PIN", () => {
  const current = configured({ http: { pin: "4711", allowPathTargets: false, port: 8081 } });
  const at = (document: unknown) => configured(atThisDevice(document, current)).http;
  expect(at({})).toEqual(current.http);
  expect(at({ http: {} })).toEqual(current.http);
  expect(at({ http: { pin: null } })).toEqual(current.http);
  expect(at({ http: { pin: "***", port: 8082 } })).toEqual({ ...current.http, port: 8082 });
  expect(at({ http: { pin: "0815" } })).toEqual({ ...current.http, pin: "0815" });
  for (const document of [3, null, [], "x", { http: 3 }])
    expect(parseConfiguration(atThisDevice(document, current)).ok).toBe(false);
});

test("changes are listed by key, in lists by id, long ones shortened, the PIN never", () => {
  const before = configured({
    http: { pin: "4711" },
    remotes: [PACS, RIS],
    transferSyntaxes: ["1.2.840.10008.1.2"],
  });
  const next = configured({
    http: { pin: "0815" },
    remotes: [{ ...PACS, services: ["storage"] }],
    tls: { certFile: "c.pem", keyFile: "k.pem" },
    device: { institutionAddress: "x".repeat(200) },
  });
  const changes = changesBetween(before, next);
  expect(changes.map(({ key }) => key).sort()).toEqual([
    "device.institutionAddress",
    "http.pin",
    "remotes[pacs].services",
    "remotes[ris]",
    "tls",
    "transferSyntaxes",
  ]);
  const of = (key: string) => changes.find((change) => change.key === key);
  expect(of("http.pin")).toEqual({ key: "http.pin", from: "***", to: "***" });
  expect(of("remotes[ris]")?.to).toBeUndefined();
  expect(of("device.institutionAddress")?.to?.length).toBeLessThan(70);
  expect(changesBetween(before, before)).toEqual([]);
});

test("another order of the remotes is a change, for the first with a service is the one asked", () => {
  const before = configured({ remotes: [PACS, RIS] });
  const next = configured({ remotes: [RIS, PACS] });
  expect(changesBetween(before, next)).toEqual([
    { key: "remotes", from: '["pacs","ris"]', to: '["ris","pacs"]' },
  ]);
});

test("every file a configuration names is found, and can be called otherwise", () => {
  const tls = { cert: "a.pem", key: "b.pem", ca: "c.pem" };
  const configuration = configured({
    tls: { certFile: "d.pem", keyFile: "e.pem", caFile: "f.pem" },
    remotes: [RIS, { ...PACS, tls }],
  });
  expect(namedKeyFiles(configuration).map(({ key, role, file }) => [key, role, file])).toEqual([
    ["tls.certFile", "certificate", "d.pem"],
    ["tls.keyFile", "key", "e.pem"],
    ["tls.caFile", "authority", "f.pem"],
    ["remotes[1].tls.cert", "certificate", "a.pem"],
    ["remotes[1].tls.key", "key", "b.pem"],
    ["remotes[1].tls.ca", "authority", "c.pem"],
  ]);
  const renamed = withFileNames(configuration, (file) => `/at/${file}`);
  expect(namedKeyFiles(renamed).map(({ file }) => file)).toEqual(
    ["d", "e", "f", "a", "b", "c"].map((name) => `/at/${name}.pem`),
  );
  expect(withFileNames(renamed, (file) => file.slice("/at/".length))).toEqual(configuration);
});
