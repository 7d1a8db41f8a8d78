import { expect, test } from "bun:test";
import { resolveOptions } from "../../src/config/options.ts";

function options(argv: string[], env = {}) {
  const result = resolveOptions(argv, env);
  if (result.ok !== true) throw new Error(JSON.stringify(result));
  return result.options;
}

test("without arguments: ./var, ports as configured, simulated panel", () => {
  expect(options([])).toEqual({
    dataFolder: "./var",
    configFile: null,
    httpPort: null,
    dicomPort: null,
    detector: { driver: "simulated" },
  });
});

test("flags win over the environment", () => {
  const o = options(["--http", "0", "--detector=replay:/a:b"], {
    UDR_HTTP_PORT: "9",
    UDR_DICOM_PORT: "11",
  });
  expect(o.httpPort).toBe(0);
  expect(o.dicomPort).toBe(11);
  expect(o.detector).toEqual({ driver: "replay", path: "/a:b" });
});

const wrong: [string[], Record<string, string>, string][] = [
  [["--htp", "1"], {}, "unknown option --htp"],
  [["--http"], {}, "--http needs a value"],
  [["--http", "x"], {}, "--http must be a port"],
  [[], { UDR_DICOM_PORT: "65536" }, "UDR_DICOM_PORT must be a port"],
  [["--detector", "replay:"], {}, "--detector must be simulated, replay:PATH or gige:ADDRESS"],
];
for (const [argv, env, message] of wrong)
  test(`refused: ${message}`, () => {
    const result = resolveOptions(argv, env);
    expect(result.ok === false && result.message).toContain(message);
  });

test("--help shows every flag", () => {
  const result = resolveOptions(["--help"], {});
  expect(result.ok === "help" && result.text).toContain("--detector");
});
