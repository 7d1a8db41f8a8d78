// The configuration file: its shape, limits and defaults; parsed once, then frozen. Keys of
// parameters.ts sit where their dots say; errors name the key, its range and what was found.

import { z } from "zod";
import { BODY_PART_TERMS } from "../model/body-parts.ts";
import { LATITUDE_MAX, type Protocol } from "../model/protocol.ts";
import { issueWords } from "./issue-words.ts";
import { AE_TITLES, type ParameterKey, parameter } from "./parameters.ts";
import { SHIPPED_PROTOCOLS } from "./protocols.ts";

// ---- building blocks ----------------------------------------------------------------------------

/** AE: up to 16 characters of the default repertoire without backslash and control characters. */
const aeTitle = z
  .string()
  .regex(/^(?=.*[^ ])[ -[\]-~]{1,16}$/, "must be 1 to 16 printable ASCII characters without \\");
const uid = z
  .string()
  .max(64)
  .regex(/^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/, "must be a UID");
const text = (max: number) => z.string().max(max, `must have at most ${max} characters`);
const port = whole(1, 65535);

function whole(min: number, max: number, unit = "") {
  const message = `must be ${min} to ${max}${unit && ` ${unit}`}`;
  return z.number(message).int(message).min(min, message).max(max, message);
}

function real(min: number, max: number, unit = "") {
  const message = `must be ${min} to ${max}${unit && ` ${unit}`}`;
  return z.number(message).min(min, message).max(max, message);
}

/** A numeric parameter of Table 4.4-2, in the table's unit. */
function parameterNumber(key: ParameterKey) {
  const row = parameter(key);
  return whole(row.min ?? 0, row.max ?? 0, row.unit).default(row.default as number);
}

function parameterFlag(key: ParameterKey) {
  return z.boolean().default(parameter(key).default as boolean);
}

// ---- sections -----------------------------------------------------------------------------------

const device = z.strictObject({
  manufacturer: text(64).min(1).default("CANON_MEC"),
  modelName: text(64).min(1).default("UDR-10A"),
  serialNumber: text(64).min(1).default("A0123456"),
  /** The component of our UIDs that tells one device from another. */
  uidNumber: z
    .string()
    .regex(/^[1-9]\d{0,9}$/, "must be 1 to 10 digits")
    .default("11011921"),
  softwareVersions: text(64).min(1).default("V0.1 SP0000"),
  stationName: text(16).default(""),
  institutionName: text(30).default(""),
  institutionAddress: text(1024).default(""),
  institutionalDepartmentName: text(30).default(""),
  /** Device Observer UID; null: made from uidRoot and uidNumber. */
  deviceUid: uid.nullable().default(null),
  uidRoot: uid
    .max(26, "must have at most 26 characters, so that every UID stays within 64")
    .default("1.2.392.200036.9116.32.5"),
  implementationClassUid: uid.default("1.2.392.200036.9116.32.5"),
  implementationVersionName: z
    .string()
    .regex(/^[ -~]{1,16}$/, "must be 1 to 16 ASCII characters")
    .default("UDR10A"),
  timeZone: z
    .string()
    .refine(isTimeZone, "must be an IANA time zone such as Asia/Tokyo or Europe/Berlin")
    .default("UTC"),
});

const CHARACTER_SETS = ["default-kanji", "ISO_IR 192"] as const;

const local = z.strictObject({
  aeTitle: aeTitle.default(AE_TITLES.rows[0].aeTitle),
  port: port.nullable().default(null),
  mediaAeTitle: aeTitle.default("UDR-10A"),
  /** Callers' titles match in any case (B3). */
  ignoreTitleCase: z.boolean().default(false),
  characterSet: z.enum(CHARACTER_SETS).default("default-kanji"),
  fallbackCharacterSet: z.string().default("ISO_IR 100"),
});

const technique = z.strictObject({
  kv: real(20, 150, "kV"),
  ma: real(0.1, 1000, "mA"),
  ms: real(0.5, 10_000, "ms"),
  fps: real(0.5, 60, "frames/s").optional(),
  focus: z.enum(["small", "large"]).optional(),
});

const processing = z.strictObject({
  characteristic: z.enum(["linear", "logarithmic"]).default("logarithmic"),
  edge: real(0, 4).default(1),
  noise: real(0, 1).default(0.3),
  detail: real(0, 4).default(0.5),
  latitude: real(0, LATITUDE_MAX).default(0.2),
  windowCutPermille: real(0, 200).default(5),
  rotate: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]).default(0),
  flip: z.boolean().default(false),
  invert: z.boolean().default(true),
});

const protocol = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/, "must be 1 to 40 of a-z, 0-9 and -"),
  name: text(64).min(1),
  studyDescription: text(64).min(1),
  bodyPart: z.enum(BODY_PART_TERMS),
  viewPosition: text(16).default(""),
  patientOrientation: z.tuple([text(4), text(4)]).default(["L", "F"]),
  laterality: z.enum(["R", "L", "U", "B"]).optional(),
  kind: z.enum(["radiography", "serial", "fluoroscopy"]),
  object: z.enum(["DX", "CR", "XA", "RF"]),
  technique,
  processing: processing.prefault({}),
  subtraction: z.boolean().optional(),
  targetExposureIndex: real(1, 100_000).optional(),
  matchKeys: z.array(text(64).min(1)).default([]),
});

/** The shipped protocols as the schema writes them. */
const SHIPPED = new Set(SHIPPED_PROTOCOLS.map((p) => JSON.stringify(protocol.parse(p))));

const geometry = z.strictObject({
  sourceToDetectorMm: real(500, 3000, "mm").default(1100),
  sourceToPatientMm: real(300, 3000, "mm").default(900),
  intensifierSizeMm: real(50, 600, "mm").default(430),
  tableHeightMm: real(-1000, 2000, "mm").default(850),
  tableLongitudinalMm: real(-3000, 3000, "mm").default(0),
  tableLateralMm: real(-1000, 1000, "mm").default(0),
  tableAngle: real(-90, 90, "degrees").default(0),
  primaryAngle: real(-180, 180, "degrees").default(0),
  secondaryAngle: real(-90, 90, "degrees").default(0),
  columnAngulation: real(-90, 90, "degrees").default(0),
  fieldOfViewMm: real(50, 600, "mm").default(430),
  grid: text(16).default("NONE"),
});

/** CID 10025: reference points a dose report may name (E97). */
export const REFERENCE_POINTS = {
  "113860": "15cm from Isocenter toward Source",
  "113861": "30cm in Front of Image Input Surface",
  "113862": "1cm above Tabletop",
  "113863": "30cm above Tabletop",
  "113864": "15cm from Table Centerline",
  "113941": "In Detector Plane",
  "113964": "At Surface of Patient",
  "113965": "100cm from X-Ray Source",
} as const;

/** How long calibration maps hold, and the beam of the flat frames. */
const calibration = z.strictObject({
  offsetHoursMax: whole(1, 8760).default(72),
  gainDaysMax: whole(1, 3650).default(365),
  temperatureDifferenceMax: real(0.5, 50, "K").default(5),
  /** Service: exposures without valid maps are allowed; their images are uncorrected and say so. */
  exposeUncorrected: z.boolean().default(false),
  flat: z
    .strictObject({
      kv: real(40, 150, "kV").default(70),
      ma: real(0.5, 800, "mA").default(50),
      ms: real(1, 100, "ms").default(10),
    })
    .prefault({}),
});

const acquisition = z.strictObject({
  calibration: calibration.prefault({}),
  modality: z.enum(["RF", "XA", "CR", "DX"]).default("RF"),
  bitsStored: z
    .union([z.literal(10), z.literal(12), z.literal(14), z.literal(16)], "must be 10, 12, 14 or 16")
    .default(14),
  exposureIndexInDx: z.boolean().default(false),
  /** Fluoroscopy: voltage and current follow the brightness of the picture. */
  automaticBrightness: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Air kerma at the panel, of a frame, in µGy. */
      targetMicroGray: z.number().min(0.001).max(10).default(0.1),
    })
    .prefault({}),
  objects: z
    .strictObject({
      radiography: z.enum(["DX", "CR", "RF", "XA"]).default("DX"),
      serial: z.enum(["XA", "RF"]).default("XA"),
      fluoroscopy: z.enum(["RF", "XA"]).default("RF"),
    })
    .prefault({}),
  geometry: geometry.prefault({}),
  referencePoint: z
    .enum(Object.keys(REFERENCE_POINTS) as [keyof typeof REFERENCE_POINTS])
    .default("113863"),
  defaultProtocolId: z.string().default("chest-pa"),
  operator: text(64).min(1).default("OPERATOR"),
  performingPhysician: text(64).default(""),
  /** The site's own. Shipped ones, as GET shows them beside these, stay the device's. */
  protocols: z
    .array(protocol)
    .max(500)
    .transform((list) => list.filter((p) => !SHIPPED.has(JSON.stringify(p))))
    .default([]),
});

const mapping = z.strictObject({
  protocolFrom: z.enum(["scheduled", "requested"]).default("requested"),
  forceProtocolId: z.string().nullable().default(null),
  referringPhysicianFrom: z.enum(["referring", "requesting"]).default("referring"),
  performingPhysicianFrom: z.enum(["scheduled", "none"]).default("scheduled"),
});

export const SERVICES = [
  "storage",
  "worklist",
  "mpps",
  "query-retrieve",
  "print",
  "verification",
] as const;

const remote = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._-]{1,32}$/, "must be 1 to 32 letters, digits, dots, - or _"),
  aeTitle,
  host: z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, "must be a host name or address"),
  port,
  services: z.array(z.enum(SERVICES)).default(["storage", "verification"]),
  archive: z.boolean().default(false),
  send: z.enum(["manual", "on-acquisition", "on-completion"]).default("manual"),
  characterSet: z.enum(CHARACTER_SETS).optional(),
  lifeCheck: z.boolean().default(true),
  tls: z
    .strictObject({
      cert: z.string().optional(),
      key: z.string().optional(),
      ca: z.string().optional(),
      verify: z.boolean().default(true),
    })
    .refine(
      (t) => (t.cert === undefined) === (t.key === undefined),
      "cert and key must be given together",
    )
    .optional(),
});

const printer = z
  .strictObject({
    filmSizes: z.record(z.string(), z.tuple([whole(64, 16384), whole(64, 16384)])).default({
      "14INX17IN": [4096, 5120],
      "14INX14IN": [4096, 4096],
      "10INX14IN": [2926, 4096],
      "8INX10IN": [2048, 2560],
    }),
    mediumType: z.string().default("BLUE FILM"),
    filmDestination: z.string().default("PROCESSOR"),
    magnification: z.enum(["NONE", "REPLICATE", "BILINEAR", "CUBIC"]).default("CUBIC"),
    smoothing: z.string().default(""),
    borderDensity: z.string().default("BLACK"),
    emptyImageDensity: z.string().default("BLACK"),
    minDensity: whole(0, 400).default(0),
    maxDensity: whole(0, 400).default(300),
    /** Distance of the printer's pixels; without it true size goes by the film's nominal size. */
    pixelPitchMm: real(0.01, 1, "mm").optional(),
  })
  .refine((p) => p.minDensity <= p.maxDensity, {
    path: ["minDensity"],
    message: "must not be above maxDensity",
  });

const schema = z
  .strictObject({
    device: device.prefault({}),
    local: local.prefault({}),
    time: z.strictObject({ synchronized: z.boolean().default(false) }).prefault({}),
    acquisition: acquisition.prefault({}),
    mapping: mapping.prefault({}),
    remotes: z.array(remote).max(100).default([]),
    printers: z.record(z.string(), printer).default({}),
    tls: z
      .strictObject({
        port: port.default(2762),
        certFile: z.string().min(1),
        keyFile: z.string().min(1),
        caFile: z.string().optional(),
      })
      .nullable()
      .default(null),
    associationResponseTimeout: parameterNumber("associationResponseTimeout"),
    releaseResponseTimeout: parameterNumber("releaseResponseTimeout"),
    tcpConnectTimeout: parameterNumber("tcpConnectTimeout"),
    tcpDataTimeout: parameterNumber("tcpDataTimeout"),
    transferSyntaxes: z
      .array(z.enum(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]))
      .refine(
        (list) => list.includes("1.2.840.10008.1.2"),
        "must hold Implicit VR Little Endian, 1.2.840.10008.1.2",
      )
      .default(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]),
    maxPduLength: parameterNumber("maxPduLength"),
    hostFilter: parameterFlag("hostFilter"),
    storage: z
      .strictObject({
        maxAssociations: parameterNumber("storage.maxAssociations"),
        cStoreTimeout: parameterNumber("storage.cStoreTimeout"),
        maxRetries: z.literal("unlimited").default("unlimited"),
        retryDelay: parameterNumber("storage.retryDelay"),
        warningPolicy: z.enum(["accept", "fail"]).default("accept"),
      })
      .prefault({}),
    storageScp: z
      .strictObject({ maxAssociations: parameterNumber("storageScp.maxAssociations") })
      .prefault({}),
    listener: z
      .strictObject({
        maxAssociationsPerPurpose: parameterNumber("listener.maxAssociationsPerPurpose"),
      })
      .prefault({}),
    commitment: z
      .strictObject({
        maxAssociations: parameterNumber("commitment.maxAssociations"),
        nActionTimeout: parameterNumber("commitment.nActionTimeout"),
      })
      .prefault({}),
    worklist: z
      .strictObject({
        pollS: whole(0, 86_400, "s").default(0),
        maxAssociations: parameterNumber("worklist.maxAssociations"),
        cFindTimeout: parameterNumber("worklist.cFindTimeout"),
        maxItems: parameterNumber("worklist.maxItems"),
        scheduledStationAeTitle: z.union([aeTitle, z.literal("")]).default("UDR10A"),
        modality: z.enum(["RF", "XA", "CR", "DX", ""]).default("RF"),
        /** What becomes of the items that came before the server broke off: Table 4.2-29, or W11. */
        abortPolicy: z.enum(["empty", "keep"]).default("empty"),
      })
      .prefault({}),
    mpps: z
      .strictObject({
        maxAssociations: parameterNumber("mpps.maxAssociations"),
        nCreateTimeout: parameterNumber("mpps.nCreateTimeout"),
        nSetTimeout: parameterNumber("mpps.nSetTimeout"),
        retryCycle: z.null().default(null),
        maxRetries: z.null().default(null),
        queueWhenUnreachable: parameterFlag("mpps.queueWhenUnreachable"),
        /** A step that its server lost (0112) is created again and set once (M2), not failed. */
        recreateLostStep: z.boolean().default(false),
      })
      .prefault({}),
    qr: z
      .strictObject({
        maxAssociations: parameterNumber("qr.maxAssociations"),
        informationModel: z.literal("STUDY ROOT").default("STUDY ROOT"),
        cFindTimeout: parameterNumber("qr.cFindTimeout"),
        cMoveTimeout: parameterNumber("qr.cMoveTimeout"),
        patientNameMatching: parameterFlag("qr.patientNameMatching"),
      })
      .prefault({}),
    print: z
      .strictObject({
        maxAssociations: parameterNumber("print.maxAssociations"),
        nGetTimeout: parameterNumber("print.nGetTimeout"),
        nCreateTimeout: parameterNumber("print.nCreateTimeout"),
        nDeleteTimeout: parameterNumber("print.nDeleteTimeout"),
        nSetTimeout: parameterNumber("print.nSetTimeout"),
        nActionTimeout: parameterNumber("print.nActionTimeout"),
        retryDelay: parameterNumber("print.retryDelay"),
      })
      .prefault({}),
    verification: z
      .strictObject({
        negotiationCycle: parameterNumber("verification.negotiationCycle"),
        cEchoTimeout: parameterNumber("verification.cEchoTimeout"),
      })
      .prefault({}),
    store: z
      .strictObject({
        deleteCommittedWhenFreeBelowBytes: whole(0, 2 ** 50, "bytes").default(0),
      })
      .prefault({}),
    http: z
      .strictObject({
        port: port.nullable().default(null),
        pin: z
          .string()
          .regex(/^[!-~]{4,64}$/, "must be 4 to 64 printable ASCII characters")
          .nullable()
          .default(null),
        allowPathTargets: z.boolean().default(true),
      })
      .prefault({}),
  })
  .superRefine((c, context) => {
    const problem = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    const duplicates = (list: readonly string[]) =>
      list.flatMap((v, i) => (list.indexOf(v) < i ? [[v, i] as const] : []));
    for (const [id, i] of duplicates(c.remotes.map((r) => r.id)))
      problem(["remotes", i, "id"], `"${id}" is used twice; every remote needs an id of its own`);
    for (const [id, i] of duplicates(c.acquisition.protocols.map((p) => p.id)))
      problem(
        ["acquisition", "protocols", i, "id"],
        `"${id}" is used twice; every protocol needs an id of its own`,
      );
    for (const id of Object.keys(c.printers))
      if (!c.remotes.some((r) => r.id === id && r.services.includes("print")))
        problem(["printers", id], "must be the id of a remote with the service print");
    const protocols = [...SHIPPED_PROTOCOLS, ...c.acquisition.protocols];
    for (const [path, id] of [
      [["acquisition", "defaultProtocolId"], c.acquisition.defaultProtocolId],
      [["mapping", "forceProtocolId"], c.mapping.forceProtocolId],
    ] as const)
      if (id !== null && !protocols.some((p) => p.id === id))
        problem([...path], `no protocol has the id "${id}"`);
  });

export type Configuration = z.output<typeof schema>;
export type Remote = Configuration["remotes"][number];
export type Service = (typeof SERVICES)[number];
export type Printer = z.output<typeof printer>;

const PRINTER_DEFAULTS: Printer = printer.parse({});

/** What is configured of a printer, or what is assumed of one that has only its remote's entry. */
export function printerOf(configuration: Configuration, remoteId: string): Printer {
  return configuration.printers[remoteId] ?? PRINTER_DEFAULTS;
}

// ---- reading ------------------------------------------------------------------------------------

export interface ConfigurationProblem {
  /** Dotted path of the key, e.g. storage.retryDelay or remotes[0].port. */
  readonly path: string;
  readonly message: string;
}

export type ConfigurationResult =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly problems: readonly ConfigurationProblem[] };

/** Checks a configuration document and fills in every default; the result is deeply frozen. */
export function parseConfiguration(json: unknown): ConfigurationResult {
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, configuration: freeze(parsed.data) };
  const problems = parsed.error.issues.flatMap((issue): ConfigurationProblem[] => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({
        path: dotted([...issue.path, key]),
        message: `is not a known key${suggestion(issue.path, key)}`,
      }));
    return [
      {
        path: dotted(issue.path) || "(document)",
        message: withFound(issueWords(issue), valueAt(json, issue.path)),
      },
    ];
  });
  return { ok: false, problems };
}

/** The configuration of a device nobody has configured yet. */
export const defaultConfiguration: Configuration = freeze(schema.parse({}));

/** Shipped protocols and the site's own; a site's protocol replaces a shipped one of the same id. */
export function protocolsOf(configuration: Configuration): readonly Protocol[] {
  const own = configuration.acquisition.protocols;
  return [...SHIPPED_PROTOCOLS.filter((p) => !own.some((o) => o.id === p.id)), ...own];
}

/** What GET config shows: the PIN never leaves the device. */
export function redact(configuration: Configuration): Configuration {
  const pin = configuration.http.pin === null ? null : "***";
  return { ...configuration, http: { ...configuration.http, pin } };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((p, i) => (typeof p === "number" ? `[${p}]` : `${i > 0 ? "." : ""}${String(p)}`))
    .join("");
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    json,
  );
}

function withFound(message: string, found: unknown): string {
  if (found === undefined || (typeof found === "object" && found !== null)) return message;
  return `${message}, is ${JSON.stringify(found)}`;
}

/** The known key next to a misspelt one, at most two edits away. */
function suggestion(path: readonly PropertyKey[], key: string): string {
  const siblings = valueAt(defaultConfigurationShape(), path);
  if (typeof siblings !== "object" || siblings === null) return "";
  const near = Object.keys(siblings)
    .map((k) => ({ k, distance: editDistance(k.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near !== undefined && near.distance <= 2 ? `; did you mean ${near.k}?` : "";
}

let shape: unknown;
function defaultConfigurationShape(): unknown {
  shape ??= {
    ...schema.parse({}),
    tls: { port: 0, certFile: "", keyFile: "", caFile: "" },
    remotes: [
      {
        id: "",
        aeTitle: "",
        host: "",
        port: 0,
        services: [],
        archive: false,
        send: "",
        characterSet: "",
        lifeCheck: true,
        tls: { cert: "", key: "", ca: "", verify: true },
      },
    ],
  };
  return shape;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}
