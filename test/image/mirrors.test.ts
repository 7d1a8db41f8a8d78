import { expect, test } from "bun:test";
import { MirrorError, mirrorsOf, sourceLines, sourcesFile } from "../../image/tool/mirrors.ts";

const TARGETS = [
  "http://mirror.test/debian/ bookworm",
  "http://mirror.test/debian/ bookworm-updates",
  "http://mirror.test/debian/ bookworm-backports",
  "http://mirror.test/security/ bookworm-security",
  "https://stranger.test/node/ nodistro",
  "http://mirror.test/debian/ bookworm",
].join("\n");

test("the machine's own mirrors serve the appliance's release", () => {
  expect(mirrorsOf(TARGETS, "bookworm")).toEqual([
    { uri: "http://mirror.test/debian", suite: "trixie" },
    { uri: "http://mirror.test/debian", suite: "trixie-updates" },
    { uri: "http://mirror.test/security", suite: "trixie-security" },
  ]);
});

test("a machine without a mirror for security updates builds no image", () => {
  const withoutSecurity = TARGETS.replace(/.*-security\n/, "");
  expect(() => mirrorsOf(withoutSecurity, "bookworm")).toThrow(MirrorError);
  expect(() => mirrorsOf(withoutSecurity, "bookworm")).toThrow(/bookworm-security/);
});

test("a mirror is named alike for both tools that take it", () => {
  const [mirror] = mirrorsOf(TARGETS, "bookworm");
  if (mirror === undefined) throw new Error("no mirror");
  expect(sourceLines([mirror])[0]).toEndWith("http://mirror.test/debian trixie main");
  expect(sourcesFile([mirror])).toContain("URIs: http://mirror.test/debian\nSuites: trixie\n");
});
