// Command line and environment, as CONTRACT-stable names. Flags win over the environment, the
// environment over the configuration.

export interface Options {
  readonly dataFolder: string;
  /** Null: config.json in the data folder. */
  readonly configFile: string | null;
  /** Null: as configured, else the default; 0 picks a free one. */
  readonly httpPort: number | null;
  readonly dicomPort: number | null;
  readonly detector: DetectorChoice;
}

export type DetectorChoice =
  | { readonly driver: "simulated" }
  | { readonly driver: "replay"; readonly path: string }
  | { readonly driver: "gige"; readonly address: string };

export type OptionsResult =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly message: string }
  | { readonly ok: "help"; readonly text: string };

const FLAGS = {
  "--data": "UDR_DATA",
  "--config": "UDR_CONFIG",
  "--http": "UDR_HTTP_PORT",
  "--dicom": "UDR_DICOM_PORT",
  "--detector": "UDR_DETECTOR",
} as const;

type Flag = keyof typeof FLAGS;

export const HELP = `Usage: script/start [options]

  --data DIR         data folder (./var)
  --config FILE      configuration file (config.json in the data folder)
  --http PORT        port of the local API and kiosk page (8080; 0: a free one)
  --dicom PORT       port of the DICOM listener (11104; 0: a free one)
  --detector DRIVER  simulated | replay:PATH | gige:ADDRESS | gige:simulator
  --help             this text

Environment: ${Object.values(FLAGS).join(", ")}. Flags win.
`;

/** Options from arguments and environment; every problem names the flag or variable. */
export function resolveOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OptionsResult {
  const given = new Map<Flag, { value: string; from: string }>();
  for (const [flag, name] of Object.entries(FLAGS) as [Flag, string][]) {
    const value = env[name];
    if (value !== undefined && value !== "") given.set(flag, { value, from: name });
  }
  for (let i = 0; i < argv.length; i++) {
    const [word = "", inline] = (argv[i] ?? "").split(/=(.*)/s, 2);
    if (word === "--help" || word === "-h") return { ok: "help", text: HELP };
    if (!(word in FLAGS)) return bad(`unknown option ${word}; --help lists the options`);
    const value = inline ?? argv[++i];
    if (value === undefined || value === "" || value.startsWith("--"))
      return bad(`${word} needs a value`);
    given.set(word as Flag, { value, from: word });
  }

  const http = port(given.get("--http"));
  if (typeof http === "string") return bad(http);
  const dicom = port(given.get("--dicom"));
  if (typeof dicom === "string") return bad(dicom);
  const choice = detectorChoice(given.get("--detector"));
  if (typeof choice === "string") return bad(choice);
  return {
    ok: true,
    options: {
      dataFolder: given.get("--data")?.value ?? "./var",
      configFile: given.get("--config")?.value ?? null,
      httpPort: http,
      dicomPort: dicom,
      detector: choice,
    },
  };
}

function bad(message: string): OptionsResult {
  return { ok: false, message };
}

function port(given: { value: string; from: string } | undefined): number | null | string {
  if (given === undefined) return null;
  const value = Number(given.value);
  if (!/^\d+$/.test(given.value) || value > 65535)
    return `${given.from} must be a port from 0 to 65535, is "${given.value}"`;
  return value;
}

function detectorChoice(
  given: { value: string; from: string } | undefined,
): DetectorChoice | string {
  if (given === undefined || given.value === "simulated") return { driver: "simulated" };
  const [driver, rest = ""] = given.value.split(/:(.*)/s, 2);
  if (driver === "replay" && rest !== "") return { driver, path: rest };
  if (driver === "gige" && rest !== "") return { driver, address: rest };
  return `${given.from} must be simulated, replay:PATH or gige:ADDRESS, is "${given.value}"`;
}
