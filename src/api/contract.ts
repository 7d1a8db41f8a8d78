// The local API's words: zod schemas of every request and answer, and the types the kiosk sees.
// One source for validation, the OpenAPI document and the client. The kiosk imports types only.

import { z } from "@hono/zod-openapi";

/** PS3.5 §9.1: components of digits, no leading zeros, 64 characters at most. */
const UID = /^(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

export const uidSchema = z
  .string()
  .max(64, "is longer than the 64 characters of a UID")
  .regex(UID, "is no UID: digits and points only")
  .openapi({ example: "1.2.392.200036.9125.1.1" });

export const isoTimeSchema = z.string().openapi({ format: "date-time" });

export const sexSchema = z.enum(["M", "F", "O"]);
export const lateralitySchema = z.enum(["R", "L", "U", "B"]);
export const exposureKindSchema = z.enum(["radiography", "serial", "fluoroscopy"]);

const idSchema = z.string().min(1).max(64);
/** LO and SH values hold at most 64 characters and neither backslash nor control characters. */
const textSchema = (max: number) =>
  z
    .string()
    .max(max, `is longer than ${max} characters`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .regex(/^[^\\\u0000-\u001f\u007f]*$/, "must not hold a backslash or a control character");

// ---- problems -----------------------------------------------------------------------------------

export const problemSchema = z
  .object({
    type: z.string().openapi({ example: "urn:udr-10a:problem:not-found" }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().openapi({ description: "What happened and what a technician can do" }),
    instance: z.string().optional().openapi({ description: "The path that was asked for" }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: "The fields that were refused, where a request was malformed" }),
    canForce: z.boolean().optional().openapi({
      description:
        "Where other work hinders it. true: with ?force=true it is done all the same, at the cost that the detail names. false: it must be waited for",
    }),
  })
  .openapi("Problem", { description: "RFC 9457 problem details" });
export type Problem = z.infer<typeof problemSchema>;

// ---- health -------------------------------------------------------------------------------------

export const acquisitionSchema = z
  .object({
    state: z.enum(["idle", "preparing", "ready", "exposing", "processing", "calibrating", "fault"]),
    examId: z.string().optional(),
    reason: z.string().optional(),
  })
  .openapi("Acquisition", {
    description: "What panel and generator are doing together; ready: an exposure may follow",
  });
export type Acquisition = z.infer<typeof acquisitionSchema>;

export const remoteHealthSchema = z
  .object({
    id: z.string(),
    reachable: z.boolean().nullable().openapi({ description: "null: not checked yet" }),
    checkedAt: isoTimeSchema.nullable(),
    reason: z.string().optional(),
    commitment: z
      .object({
        supported: z.boolean().openapi({
          description: "false: it refused storage commitment; asked again when its address changes",
        }),
        pending: z.number().int().openapi({ description: "Objects without an answer yet" }),
        oldestAt: isoTimeSchema
          .optional()
          .openapi({ description: "When the longest unanswered one was asked for" }),
        failed: z.number().int().openapi({
          description: "Objects refused, or whose request failed; asked for at the next start",
        }),
        reason: z.string().optional(),
      })
      .optional()
      .openapi({ description: "Of an archive: what it has not committed" }),
  })
  .openapi("RemoteHealth");
export type RemoteHealth = z.infer<typeof remoteHealthSchema>;

const durationsSchema = z.object({
  p50: z.number().openapi({ description: "ms" }),
  p99: z.number().openapi({ description: "ms" }),
  max: z.number().openapi({ description: "ms" }),
});

export const healthSchema = z
  .object({
    status: z.enum(["ok", "degraded", "fault"]),
    problems: z
      .array(z.string())
      .openapi({ description: "Why the status is not ok, in sentences" }),
    repair: z.literal(true).optional().openapi({
      description: "The database cannot be used: there is nothing to do but to restore a backup",
    }),
    time: isoTimeSchema,
    startedAt: isoTimeSchema,
    device: z.object({
      manufacturer: z.string(),
      modelName: z.string(),
      serialNumber: z.string(),
      softwareVersions: z.string(),
      stationName: z.string(),
      institutionName: z.string(),
      aeTitle: z.string(),
      dicomPort: z.number().int(),
    }),
    acquisition: acquisitionSchema,
    detector: z.object({
      driver: z.string(),
      state: z.string(),
      reason: z.string().optional(),
      model: z.string().optional(),
      temperatureC: z.array(z.number()),
      heartbeatAgeMs: z.number(),
      packets: z.number(),
      lost: z.number(),
      resent: z.number(),
      overruns: z.number(),
      discarded: z.number(),
    }),
    generator: z.object({
      driver: z.string(),
      state: z.string(),
      reason: z.string().optional(),
      anodePercent: z.number().optional(),
      housingPercent: z.number().optional(),
      fluoroSeconds: z.number().optional(),
    }),
    pipeline: z
      .object({
        frames: z.number().int().openapi({ description: "Frames that came to the main loop" }),
        arrivalMs: durationsSchema.openapi({
          description: "From a frame's last packet to the main loop",
        }),
        pictures: z
          .number()
          .int()
          .openapi({ description: "Pictures of a run processed for the screen" }),
        pictureMs: durationsSchema.openapi({
          description: "From a frame's last packet to its processed picture on the main loop",
        }),
        loopStallMs: durationsSchema.openapi({
          description: "How late the main loop came to what was due",
        }),
      })
      .optional()
      .openapi({
        description:
          "How the way of the frames kept up in the last exposure, or in the present one so far; absent before the first",
      }),
    disk: z.object({
      freeBytes: z.number(),
      totalBytes: z.number().optional(),
      state: z.enum(["ok", "low", "full"]).optional(),
    }),
    remotes: z.array(remoteHealthSchema),
  })
  .openapi("Health");
export type Health = z.infer<typeof healthSchema>;

// ---- configuration, settings, remotes -------------------------------------------------------------

export const techniqueSchema = z
  .strictObject({
    kv: z.number().min(1).max(150).openapi({ description: "kV" }),
    ma: z.number().min(0.1).max(2000).openapi({ description: "mA" }),
    ms: z.number().min(0.1).max(60_000).openapi({ description: "ms" }),
    fps: z.number().min(0.5).max(60).optional().openapi({ description: "frames per second" }),
    focus: z.enum(["small", "large"]).optional(),
  })
  .openapi("Technique");
export type Technique = z.infer<typeof techniqueSchema>;

/** A protocol as the configuration holds it; the panel needs these of its fields. */
export const protocolViewSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  bodyPart: z.string(),
  viewPosition: z.string(),
  laterality: lateralitySchema.optional(),
  kind: exposureKindSchema,
  technique: z.looseObject({
    kv: z.number(),
    ma: z.number(),
    ms: z.number(),
    fps: z.number().optional(),
  }),
});
export type ProtocolView = z.infer<typeof protocolViewSchema>;

export const remoteViewSchema = z.looseObject({
  id: z.string(),
  aeTitle: z.string(),
  host: z.string(),
  port: z.number(),
  services: z.array(z.string()),
  archive: z.boolean().optional(),
  send: z.string().optional(),
  tls: z.record(z.string(), z.unknown()).optional(),
});
export type RemoteView = z.infer<typeof remoteViewSchema>;

/** Kinds only: ranges and limits are the configuration's, whose words name what was found. */
const remoteChange = {
  aeTitle: z.string().optional(),
  host: z.string().optional(),
  port: z.number().optional(),
  services: z.array(z.string()).optional(),
  archive: z.boolean().optional(),
  send: z.string().optional(),
  lifeCheck: z.boolean().optional(),
  characterSet: z.string().nullable().optional(),
  tls: z.record(z.string(), z.unknown()).nullable().optional(),
};
export const newRemoteSchema = z
  .strictObject({ id: z.string(), ...remoteChange })
  .openapi("NewRemote", {
    description: "As in the configuration; absent keys take their defaults",
  });
export type NewRemote = z.infer<typeof newRemoteSchema>;
export const remoteChangeSchema = z.strictObject(remoteChange).openapi("RemoteChange", {
  description: "Keys that are absent stay as they are; null takes one away. The id stays.",
});
export type RemoteChange = z.infer<typeof remoteChangeSchema>;

export const configurationSchema = z
  .looseObject({
    remotes: z.array(remoteViewSchema),
    acquisition: z.looseObject({ protocols: z.array(protocolViewSchema) }),
    http: z.looseObject({ pin: z.string().nullable() }),
  })
  .openapi("Configuration", {
    description:
      "The whole configuration with its defaults. http.pin reads as *** or null. Sent with PUT, absent keys take their defaults, and *** leaves the PIN as it is.",
  });
export type Configuration = z.infer<typeof configurationSchema>;

export const localSettingsSchema = z
  .strictObject({
    aeTitle: z
      .string()
      .min(1)
      .max(16)
      .regex(/^[\x20-\x5b\x5d-\x7e]*[\x21-\x5b\x5d-\x7e][\x20-\x5b\x5d-\x7e]*$/, {
        error: "must be printable ASCII without backslash, and not only spaces",
      }),
    port: z.number().int().min(1).max(65_535),
  })
  .openapi("LocalSettings", { description: "AE title and TCP port of the device" });
export type LocalSettings = z.infer<typeof localSettingsSchema>;

export const echoResultSchema = z
  .object({
    ok: z.boolean(),
    status: z.string().optional().openapi({ description: "DIMSE status, four hexadecimal digits" }),
    elapsedMs: z.number(),
    reason: z.string().optional(),
  })
  .openapi("EchoResult");
export type EchoResult = z.infer<typeof echoResultSchema>;

// ---- worklist -------------------------------------------------------------------------------------

export const dateKeySchema = z
  .string()
  .regex(
    /^(\d{4}-?\d{2}-?\d{2})?([/-]?(\d{4}-?\d{2}-?\d{2})?)?$/,
    "must be a date (2026-01-31) or a range of two (2026-01-01/2026-01-31, either may be left out)",
  )
  .max(21)
  .openapi({ example: "2026-01-31" });

export const worklistKeysSchema = z
  .strictObject({
    patientId: textSchema(64).optional(),
    patientName: textSchema(324).optional(),
    accessionNumber: textSchema(16).optional(),
    requestedProcedureId: textSchema(16).optional(),
    date: dateKeySchema.optional(),
    modality: textSchema(16).optional(),
    includeOthers: z.boolean().optional().openapi({
      description:
        "Shows what came for other stations, modalities, dates or patients as well, each with a remark",
    }),
  })
  .openapi("WorklistKeys", {
    description:
      "Modality, station and date are those of the configuration and today unless given; an empty text asks for all of them. A bar code is a patient id, an accession number or a requested procedure id.",
  });
export type WorklistKeys = z.infer<typeof worklistKeysSchema>;

export const patientSchema = z
  .object({
    id: z.string(),
    name: z.string().openapi({ example: "Yamada^Tarou=山田^太郎" }),
    birthDate: z.string().optional().openapi({ format: "date" }),
    sex: sexSchema.optional(),
  })
  .openapi("Patient");
export type Patient = z.infer<typeof patientSchema>;

export const worklistItemSchema = z
  .object({
    id: z.string(),
    patient: patientSchema,
    studyInstanceUid: z.string(),
    accessionNumber: z.string(),
    requestedProcedureId: z.string(),
    requestedProcedureDescription: z.string(),
    scheduledProcedureStepId: z.string(),
    scheduledProcedureStepDescription: z.string(),
    scheduledAt: z
      .string()
      .optional()
      .openapi({ description: "ISO 8601 local date or date and time; absent where not scheduled" }),
    modality: z.string(),
    referringPhysician: z.string().optional(),
    comments: z.string().optional(),
    medicalAlerts: z.array(z.string()).optional(),
    allergies: z.array(z.string()).optional(),
    pregnancyStatus: z
      .number()
      .int()
      .optional()
      .openapi({ description: "1 not pregnant, 2 possibly, 3 definitely, 4 unknown" }),
    specialNeeds: z.string().optional(),
    remarks: z
      .array(z.string())
      .optional()
      .openapi({ description: "What was not taken as the scheduler sent it" }),
    examId: z.string().optional().openapi({ description: "The exam already opened from it" }),
  })
  .openapi("WorklistItem");
export type WorklistItem = z.infer<typeof worklistItemSchema>;

export const worklistResultSchema = z
  .object({
    items: z.array(worklistItemSchema),
    complete: z.boolean(),
    reason: z.string().optional(),
    leftOut: z.number().int().optional().openapi({
      description: "Items that came although they were not asked for; includeOthers shows them",
    }),
    queriedAt: isoTimeSchema.optional(),
  })
  .openapi("WorklistResult");
export type WorklistResult = z.infer<typeof worklistResultSchema>;

// ---- exams ----------------------------------------------------------------------------------------

/** PS3.5 §6.2.1: at most three groups of at most 64 characters, each of at most five components. */
const personNameSchema = textSchema(194).refine(
  (name) => {
    const groups = name.split("=");
    return (
      groups.length <= 3 &&
      groups.every((group) => [...group].length <= 64 && group.split("^").length <= 5)
    );
  },
  { error: "is no person name: at most 3 groups (=) of 64 characters and 5 components (^) each" },
);

const newPatientSchema = z.strictObject({
  id: textSchema(64).optional().openapi({ description: "Generated where absent" }),
  name: personNameSchema.openapi({ example: "Doe^Jane" }),
  birthDate: z
    .string()
    .regex(ISO_DATE, { error: "must be a date such as 1970-01-31", abort: true })
    .refine(isCalendarDate, { error: "is no date of the calendar" })
    .optional()
    .openapi({ format: "date" }),
  sex: sexSchema.optional(),
});

const examOptions = {
  protocolId: idSchema.optional(),
  operator: personNameSchema.optional(),
  performingPhysician: personNameSchema.optional(),
};

export const newExamSchema = z
  .union([
    z.strictObject({
      worklistItemId: idSchema,
      ...examOptions,
      overrideModality: z
        .boolean()
        .optional()
        .openapi({ description: "Take an item of another modality; needs the service PIN" }),
    }),
    z.strictObject({ patient: newPatientSchema, ...examOptions }),
    z.strictObject({ appendTo: uidSchema, ...examOptions }),
  ])
  .openapi("NewExam");
export type NewExam = z.infer<typeof newExamSchema>;

export const examInstanceSchema = z.object({
  sopInstanceUid: z.string(),
  sopClassUid: z.string(),
  modality: z.string(),
  numberOfFrames: z.number().int().openapi({ description: "0: no picture, such as a dose report" }),
  irradiationEventUid: z.string().optional(),
});
export type ExamInstance = z.infer<typeof examInstanceSchema>;

export const exposureSchema = z.object({
  exposureId: z.string(),
  irradiationEventUid: z.string(),
  kind: exposureKindSchema,
  at: isoTimeSchema.optional(),
  protocolId: z.string().optional(),
  frames: z.number().int().optional(),
  saved: z.boolean().optional(),
  kv: z.number().optional(),
  ma: z.number().optional(),
  exposureTimeMs: z.number().optional(),
  mas: z.number().optional(),
  dapGyM2: z.number().optional(),
  doseRpGy: z.number().optional(),
  terminatedBy: z.string().optional(),
  exposureIndex: z.number().optional(),
  targetExposureIndex: z.number().optional(),
  deviationIndex: z.number().optional(),
});
export type Exposure = z.infer<typeof exposureSchema>;

export const examSchema = z
  .object({
    id: z.string(),
    state: z.enum(["open", "completed", "discontinued"]),
    patient: patientSchema,
    studyInstanceUid: z.string(),
    studyDescription: z.string().optional(),
    accessionNumber: z.string().optional(),
    modality: z.string().optional(),
    protocolId: z.string(),
    operator: z.string().optional(),
    performingPhysician: z.string().optional(),
    startedAt: isoTimeSchema,
    endedAt: isoTimeSchema.optional(),
    discontinuationReason: z.string().optional(),
    held: z.boolean().optional().openapi({
      description:
        "Discontinued with 110514: nothing is sent by itself until POST exams/{id}/release, or the study is deleted",
    }),
    mpps: z.object({
      sopInstanceUid: z.string(),
      state: z
        .enum(["none", "pending", "in-progress", "completed", "discontinued", "failed"])
        .openapi({ description: "What the MPPS server knows; none: no server is configured" }),
      reason: z.string().optional(),
    }),
    exposures: z.array(exposureSchema),
    instances: z.array(examInstanceSchema).openapi({ description: "Only what is durable" }),
    notices: z.array(z.string()).optional().openapi({
      description:
        "What the operator should know of the objects: text that was cut, frames that were lost",
    }),
  })
  .openapi("Exam");
export type Exam = z.infer<typeof examSchema>;

export const examFilterSchema = z.strictObject({
  state: examSchema.shape.state.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
});

export const geometryRequestSchema = z
  .strictObject({
    sourceToDetectorMm: z.number().min(100).max(4000).optional(),
    sourceToPatientMm: z.number().min(100).max(4000).optional(),
    tableHeightMm: z.number().min(-2000).max(2000).optional(),
    tableLongitudinalMm: z.number().min(-4000).max(4000).optional(),
    tableLateralMm: z.number().min(-2000).max(2000).optional(),
    tableMotion: z.enum(["STATIC", "DYNAMIC"]).optional(),
    tableAngle: z.number().min(-90).max(90).optional(),
    primaryAngle: z.number().min(-180).max(180).optional(),
    secondaryAngle: z.number().min(-90).max(90).optional(),
    positionerMotion: z.enum(["STATIC", "DYNAMIC"]).optional(),
    columnAngulation: z.number().min(-90).max(90).optional(),
    collimatorMm: z
      .tuple([z.number(), z.number(), z.number(), z.number()])
      .optional()
      .openapi({ description: "Left, right, upper and lower edge on the panel" }),
    grid: textSchema(64).optional(),
  })
  .openapi("GeometryRequest");

export const prepareRequestSchema = z
  .strictObject({
    protocolId: idSchema.optional(),
    technique: techniqueSchema.partial().optional(),
    brightness: z.enum(["automatic", "fixed"]).optional().openapi({
      description:
        "Fluoroscopy: automatic follows the picture with voltage and current, from the technique on; fixed keeps it. Default: fixed where a technique is given, else automatic",
    }),
    laterality: lateralitySchema.optional(),
    geometry: geometryRequestSchema.optional(),
    contrastAgent: textSchema(64)
      .optional()
      .openapi({ description: "Contrast medium in use; may be empty where its name is not known" }),
    tomography: z
      .strictObject({
        layerHeightMm: z.number().min(0).max(1000),
        angle: z.number().min(0).max(360).optional(),
        timeMs: z.number().min(0).max(60_000).optional(),
      })
      .optional(),
  })
  .openapi("PrepareRequest");
export type PrepareRequest = z.infer<typeof prepareRequestSchema>;

export const preparedSchema = z
  .object({
    examId: z.string(),
    state: z.literal("ready"),
    protocolId: z.string(),
    technique: techniqueSchema.openapi({ description: "As the generator took it" }),
    laterality: lateralitySchema.optional(),
  })
  .openapi("Prepared");
export type Prepared = z.infer<typeof preparedSchema>;

export const exposeRequestSchema = z
  .strictObject({
    kind: exposureKindSchema,
    frames: z.number().int().min(1).max(100_000).optional(),
    durationMs: z.number().min(1).max(3_600_000).optional(),
    fps: z
      .number()
      .min(0.5)
      .max(60)
      .optional()
      .openapi({ description: "Default 15 for serial runs, 30 for fluoroscopy" }),
    save: z.boolean().optional().openapi({ description: "Keep a fluoroscopy run (default true)" }),
  })
  .openapi("ExposeRequest");
export type ExposeRequest = z.infer<typeof exposeRequestSchema>;

export const exposedSchema = z
  .object({ exposureId: z.string(), irradiationEventUid: z.string() })
  .openapi("Exposed");
export type Exposed = z.infer<typeof exposedSchema>;

/** PNG of a captured screen, base64: 24 million characters are 18 MB of file. */
const CAPTURE_CHARACTERS_MAX = 24_000_000;

export const secondaryCaptureRequestSchema = z
  .strictObject({
    kind: z.enum(["dose-page", "screen"]).optional(),
    image: z.base64().max(CAPTURE_CHARACTERS_MAX).optional(),
  })
  .refine((request) => request.kind !== "screen" || request.image !== undefined, {
    path: ["image"],
    error: "is needed where kind is screen: the PNG of the screen, base64",
  })
  .openapi("SecondaryCaptureRequest");
export type SecondaryCaptureRequest = z.infer<typeof secondaryCaptureRequestSchema>;

/** Code values of CID 9300, PS3.16: why a procedure was discontinued (coding scheme DCM). */
export const DISCONTINUATION_REASONS = [
  "110500",
  "110501",
  "110502",
  "110503",
  "110504",
  "110505",
  "110506",
  "110507",
  "110508",
  "110509",
  "110510",
  "110511",
  "110512",
  "110513",
  "110514",
  "110515",
  "110516",
] as const;
export const DEFAULT_DISCONTINUATION_REASON = "110513";

export const discontinueRequestSchema = z
  .strictObject({
    reasonCode: z
      .enum(DISCONTINUATION_REASONS, { error: "must be a code of CID 9300, such as 110513" })
      .default(DEFAULT_DISCONTINUATION_REASON),
  })
  .openapi("DiscontinueRequest");
export type DiscontinuationReason = (typeof DISCONTINUATION_REASONS)[number];

// ---- studies --------------------------------------------------------------------------------------

const deliverySchema = z.object({
  remoteId: z.string(),
  state: z.enum(["queued", "active", "stored", "warning", "refused", "failed"]),
  status: z.string().optional().openapi({ description: "DIMSE status, four hexadecimal digits" }),
  at: isoTimeSchema.optional(),
  reason: z.string().optional(),
});

const commitmentSchema = z.object({
  remoteId: z.string(),
  state: z.enum(["requested", "committed", "failed"]).openapi({
    description: "requested: since `at`, without an answer; failed: asked for at the next start",
  }),
  at: isoTimeSchema.optional(),
  reason: z.string().optional(),
});

const copySchema = z.object({
  target: z.string().openapi({ description: "Printer or medium" }),
  state: z.enum(["queued", "active", "done", "failed"]),
  at: isoTimeSchema.optional(),
});

export const instanceSchema = z
  .object({
    sopInstanceUid: z.string(),
    sopClassUid: z.string(),
    studyInstanceUid: z.string(),
    seriesInstanceUid: z.string(),
    modality: z.string(),
    seriesNumber: z.number().int(),
    instanceNumber: z.number().int(),
    numberOfFrames: z.number().int(),
    rows: z.number().int(),
    columns: z.number().int(),
    fileBytes: z.number().int(),
    createdAt: isoTimeSchema,
    local: z.boolean().openapi({ description: "Made here; false: retrieved" }),
    examId: z.string().optional(),
    irradiationEventUid: z.string().optional(),
    held: z
      .boolean()
      .optional()
      .openapi({ description: "Kept back after a wrong worklist entry until released" }),
    send: z.array(deliverySchema),
    commit: z.array(commitmentSchema),
    print: z.array(copySchema),
    export: z.array(copySchema),
  })
  .openapi("Instance");
export type Instance = z.infer<typeof instanceSchema>;

export const studySummarySchema = z
  .object({
    studyInstanceUid: z.string(),
    studyId: z.string().optional(),
    description: z.string().optional(),
    accessionNumber: z.string().optional(),
    startedAt: z.string().optional().openapi({ format: "date-time" }),
    patient: patientSchema,
    modalities: z.array(z.string()),
    local: z.boolean(),
    numberOfInstances: z.number().int(),
    sent: z.number().int().openapi({ description: "Instances stored at every remote asked for" }),
    committed: z.number().int(),
  })
  .openapi("StudySummary");
export type StudySummary = z.infer<typeof studySummarySchema>;

export const seriesSchema = z
  .object({
    seriesInstanceUid: z.string(),
    seriesNumber: z.number().int(),
    modality: z.string(),
    description: z.string().optional(),
    bodyPart: z.string().optional(),
    instances: z.array(instanceSchema),
  })
  .openapi("Series");
export type Series = z.infer<typeof seriesSchema>;

export const studySchema = studySummarySchema
  .extend({ series: z.array(seriesSchema) })
  .openapi("Study");
export type Study = z.infer<typeof studySchema>;

/** Studies or jobs in one answer. */
export const LIST_LIMIT_MAX = 1000;

const limitSchema = z.coerce.number().int().min(1).max(LIST_LIMIT_MAX).default(LIST_LIMIT_MAX);

export const studyFilterSchema = z.strictObject({
  patientId: z.string().max(64).optional(),
  name: z
    .string()
    .max(324)
    .optional()
    .openapi({ description: "Part of the name; * and ? stand for any characters" }),
  date: dateKeySchema.optional(),
  limit: limitSchema,
});
export type StudyFilter = z.infer<typeof studyFilterSchema>;

/** "C,W" of PS3.3 C.11.2.1.2; the width is at least 1. */
export const windowSchema = z
  .string()
  .regex(/^-?\d{1,6}(\.\d{1,3})?,\d{1,6}(\.\d{1,3})?$/, "must be centre,width such as 2048,4096")
  .transform((text) => {
    const [center = 0, width = 1] = text.split(",").map(Number);
    return { center, width };
  })
  .refine((window) => window.width >= 1, { error: "has a width below 1" });

/** Frames are counted from 1, as DICOM does. */
const frameSchema = z.coerce.number().int().min(1).max(1_000_000).default(1);

/** Pixels a mask may be moved by. */
export const MASK_SHIFT_MAX = 64;

const shiftSchema = z
  .string()
  .regex(/^-?\d{1,2},-?\d{1,2}$/, "must be pixels to the right and down such as 2,-1")
  .transform((text) => {
    const [x = 0, y = 0] = text.split(",").map(Number);
    return { x, y };
  })
  .refine(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)) <= MASK_SHIFT_MAX, {
    error: `is beyond ${MASK_SHIFT_MAX} pixels`,
  });

export const renderQuerySchema = z
  .strictObject({
    window: windowSchema.optional().openapi({ type: "string", example: "2048,4096" }),
    frame: frameSchema,
    width: z.coerce.number().int().min(16).max(8192).optional(),
    mask: z.coerce.number().int().min(1).max(1_000_000).optional().openapi({
      description:
        "Frame of a run that is subtracted: the difference of logarithms is shown, zero as middle grey. `window` is then one of differences; without it nearly all of them are shown",
    }),
    shift: shiftSchema.optional().openapi({
      type: "string",
      example: "2,-1",
      description: "Moves the mask by pixels to the right and down",
    }),
  })
  .refine((query) => query.shift === undefined || query.mask !== undefined, {
    path: ["shift"],
    error: "moves a mask: name its frame",
  });
export const pixelQuerySchema = z.strictObject({ frame: frameSchema });

// ---- jobs -----------------------------------------------------------------------------------------

const uidListSchema = z.array(uidSchema).min(1).max(10_000);

const sendRequestSchema = z
  .strictObject({
    type: z.literal("send"),
    remoteId: idSchema,
    studyInstanceUid: uidSchema.optional(),
    sopInstanceUids: uidListSchema.optional(),
  })
  .refine((r) => (r.studyInstanceUid === undefined) !== (r.sopInstanceUids === undefined), {
    path: ["studyInstanceUid"],
    error: "either studyInstanceUid or sopInstanceUids must be given, not both",
  });

/** Images that fit on a film of 8 by 8. */
const FILM_IMAGES_MAX = 64;

const printImageSchema = z.union([
  uidSchema,
  z
    .strictObject({
      sopInstanceUid: uidSchema,
      frame: z.number().int().min(1).max(1_000_000).optional(),
      window: z
        .strictObject({ center: z.number(), width: z.number().min(1) })
        .optional()
        .openapi({ description: "In place of the image's own" }),
      invert: z.boolean().optional(),
    })
    .openapi("PrintImage"),
]);

const printRequestSchema = z.strictObject({
  type: z.literal("print"),
  remoteId: idSchema,
  films: z
    .array(
      z.strictObject({
        displayFormat: z
          .string()
          .regex(/^STANDARD\\\d{1,2},\d{1,2}$/, "must be STANDARD\\columns,rows"),
        orientation: z.enum(["PORTRAIT", "LANDSCAPE"]),
        filmSize: z.string().max(16),
        images: z.array(printImageSchema).min(1).max(FILM_IMAGES_MAX),
        trueSize: z.boolean().optional().openapi({
          description: "1 mm at the detector is 1 mm on the film; else images fill their boxes",
        }),
      }),
    )
    .min(1)
    .max(100),
  copies: z.number().int().min(1).max(99).default(1),
});

const exportRequestSchema = z
  .strictObject({
    type: z.literal("export"),
    target: z.strictObject({ kind: z.enum(["usb", "disc"]), device: z.string().min(1).max(4096) }),
    studyInstanceUids: uidListSchema.optional(),
    sopInstanceUids: uidListSchema.optional(),
  })
  .refine((r) => (r.studyInstanceUids === undefined) !== (r.sopInstanceUids === undefined), {
    path: ["studyInstanceUids"],
    error: "either studyInstanceUids or sopInstanceUids must be given, not both",
  });

const retrieveRequestSchema = z.strictObject({
  type: z.literal("retrieve"),
  remoteId: idSchema,
  studyInstanceUid: uidSchema,
  seriesInstanceUids: uidListSchema.optional(),
});

export const jobTypeSchema = z.enum(["send", "print", "export", "retrieve"]);
export type JobType = z.infer<typeof jobTypeSchema>;

export const newJobSchema = z
  .discriminatedUnion("type", [
    sendRequestSchema,
    printRequestSchema,
    exportRequestSchema,
    retrieveRequestSchema,
  ])
  .openapi("NewJob");
export type NewJob = z.infer<typeof newJobSchema>;

export const jobStateSchema = z.enum([
  "queued",
  "active",
  "waiting",
  "done",
  "failed",
  "cancelled",
]);

export const jobSchema = z
  .object({
    id: z.string(),
    type: jobTypeSchema,
    state: jobStateSchema,
    progress: z.object({ done: z.number().int(), total: z.number().int() }),
    attempts: z.number().int(),
    nextAttemptAt: isoTimeSchema.optional(),
    reason: z.string().optional(),
    log: z.array(z.object({ at: isoTimeSchema, text: z.string() })),
    createdAt: isoTimeSchema,
    remoteId: z.string().optional(),
    studyInstanceUid: z.string().optional(),
    target: z.string().optional(),
  })
  .openapi("Job");
export type Job = z.infer<typeof jobSchema>;

export const jobFilterSchema = z.strictObject({
  state: jobStateSchema.optional(),
  type: jobTypeSchema.optional(),
  limit: limitSchema,
});
export type JobFilter = z.infer<typeof jobFilterSchema>;

// ---- query, media ---------------------------------------------------------------------------------

export const queryRequestSchema = z
  .strictObject({
    remoteId: idSchema,
    level: z.enum(["STUDY", "SERIES", "IMAGE"]),
    keys: z
      .record(z.string().regex(/^[A-Z][A-Za-z0-9]{1,63}$/), z.string().max(1024))
      .openapi({ description: "Attribute keywords of PS3.6 and what they must match" }),
  })
  .openapi("QueryRequest");
export type QueryRequest = z.infer<typeof queryRequestSchema>;

export const queryResultSchema = z
  .object({
    matches: z.array(z.record(z.string(), z.union([z.string(), z.array(z.string())]))),
    complete: z.boolean(),
    reason: z.string().optional(),
  })
  .openapi("QueryResult");
export type QueryResult = z.infer<typeof queryResultSchema>;

export const mediumSchema = z
  .object({
    kind: z.enum(["usb", "disc"]),
    device: z.string().openapi({ description: "Goes into an export job's target" }),
    label: z.string(),
    sizeBytes: z.number().optional(),
    freeBytes: z.number().optional(),
    usable: z.boolean(),
    reason: z.string().optional().openapi({ description: "Why it cannot be used" }),
  })
  .openapi("Medium");
export type Medium = z.infer<typeof mediumSchema>;

// ---- calibration ----------------------------------------------------------------------------------

const mapKindSchema = z.enum(["offset", "gain", "defect"]);
const mapFiguresSchema = z
  .object({
    mean: z.number().openapi({
      description:
        "Offset: counts. Gain: level of the flat frames, counts. Defect: number of defective pixels",
    }),
    sd: z.number().openapi({
      description:
        "Offset: counts over the pixels. Gain: parts of 1. Defect: of the pixels those in lines",
    }),
    noise: z.number().openapi({ description: "Of one frame, counts; 0 for defects" }),
  })
  .openapi("MapFigures");

export const calibrationSchema = z
  .object({
    procedure: z.object({
      state: z.enum(["idle", "confirm", "measuring", "summary", "failed"]).openapi({
        description:
          "confirm: waits for the word that the beam is free; summary: measured, waits to be accepted",
      }),
      steps: z.enum(["offset", "all"]).optional(),
      modeIds: z.array(z.string()).optional(),
      now: z
        .object({
          modeId: z.string(),
          phase: z.enum(["dark", "flat"]),
          frames: z.number().int(),
          framesTotal: z.number().int(),
        })
        .optional(),
      results: z
        .array(
          z.object({
            modeId: z.string(),
            kind: mapKindSchema,
            figures: mapFiguresSchema,
            frames: z.number().int(),
            temperatureC: z.number(),
            createdAt: isoTimeSchema,
          }),
        )
        .optional(),
      reason: z.string().optional().openapi({ description: "Why it failed and what to do" }),
    }),
    modes: z.array(
      z.object({
        modeId: z.string(),
        columns: z.number().int(),
        rows: z.number().int(),
        valid: z.boolean(),
        reason: z.string().optional().openapi({ description: "Why no exposure is allowed in it" }),
        maps: z.array(
          z.object({
            kind: mapKindSchema,
            source: z.enum(["measured", "panel"]),
            createdAt: isoTimeSchema,
            temperatureC: z.number(),
            frames: z.number().int(),
            figures: mapFiguresSchema.optional(),
          }),
        ),
        damaged: z.array(z.string()).openapi({ description: "Maps that could not be used" }),
      }),
    ),
  })
  .openapi("Calibration");
export type Calibration = z.infer<typeof calibrationSchema>;

export const startCalibrationSchema = z
  .strictObject({
    steps: z.enum(["offset", "all"]).openapi({
      description: "offset: dark frames alone, no beam. all: offset, gain and defects",
    }),
    modeIds: z
      .array(z.string())
      .min(1)
      .max(32)
      .optional()
      .openapi({ description: "All unless given" }),
  })
  .openapi("StartCalibration");
export type StartCalibration = z.infer<typeof startCalibrationSchema>;

export const undoCalibrationSchema = z
  .strictObject({ modeId: z.string() })
  .openapi("UndoCalibration");

export const releasedSchema = z
  .object({ text: z.string().openapi({ description: "Whether it may be pulled out" }) })
  .openapi("Released");
export type Released = z.infer<typeof releasedSchema>;

// ---- backup ---------------------------------------------------------------------------------------

const backupWorkSchema = z.enum(["backup", "restore"]);
export const backupSchema = z
  .object({
    now: z
      .discriminatedUnion("state", [
        z.object({ state: z.literal("none") }),
        z.object({
          state: z.literal("working"),
          work: backupWorkSchema,
          step: z.enum([
            "copying-database",
            "writing",
            "reading-back",
            "copying",
            "checking",
            "restarting",
          ]),
          share: z.number().openapi({ description: "Of the step, 0 to 1" }),
        }),
        z.object({ state: z.literal("done"), work: backupWorkSchema, text: z.string() }),
        z.object({ state: z.literal("failed"), work: backupWorkSchema, reason: z.string() }),
      ])
      .openapi({
        description:
          "restarting: the program ends, and begins with the restored data when it is started again",
      }),
    restartsByItself: z.boolean().openapi({
      description: "False: after a restore somebody must start the program again",
    }),
    lastRestore: z
      .object({ restoredAt: isoTimeSchema, madeAt: z.string() })
      .optional()
      .openapi({ description: "The data came from a backup made at madeAt; it can be undone" }),
  })
  .openapi("Backup");
export type Backup = z.infer<typeof backupSchema>;

export const listedBackupSchema = z
  .object({
    name: z.string(),
    madeAt: z.string().optional(),
    version: z.string().optional().openapi({ description: "Of the program that made it" }),
    stationName: z.string().optional(),
    serialNumber: z.string().optional(),
    bytes: z.number().optional(),
    usable: z.boolean(),
    reason: z.string().optional().openapi({ description: "Why it cannot be restored" }),
  })
  .openapi("ListedBackup");
export type ListedBackup = z.infer<typeof listedBackupSchema>;

export const backupMediumSchema = z.string().min(1).max(4096).openapi({
  description: "The device of GET media",
});
export const newBackupSchema = z.strictObject({ device: backupMediumSchema }).openapi("NewBackup");
/** Written out, as for a reset: all that was entered since the backup is put aside. */
export const RESTORE_WORD = "REPLACE ALL DATA";
const restoreWordSchema = z.literal(RESTORE_WORD, { error: `must be "${RESTORE_WORD}"` });
export const restoreSchema = z
  .strictObject({
    device: backupMediumSchema,
    name: z.string().min(1).max(64),
    confirm: restoreWordSchema,
  })
  .openapi("Restore");
export type Restore = z.infer<typeof restoreSchema>;
export const undoRestoreSchema = z
  .strictObject({ confirm: restoreWordSchema })
  .openapi("UndoRestore");
export const beginAnewSchema = z.strictObject({ confirm: restoreWordSchema }).openapi("BeginAnew");

// ---- appliance ------------------------------------------------------------------------------------

export const updateStateSchema = z
  .discriminatedUnion("state", [
    z.object({ state: z.literal("none") }),
    z.object({ state: z.literal("receiving") }),
    z.object({ state: z.literal("checking") }),
    z.object({
      state: z.literal("installing"),
      version: z.string(),
      share: z.number().openapi({ description: "0 to 1" }),
      step: z.string(),
    }),
    z.object({ state: z.literal("installed"), version: z.string() }),
    z.object({ state: z.literal("failed"), reason: z.string() }),
  ])
  .openapi("UpdateState", { description: "installed: a restart runs it" });
export type UpdateState = z.infer<typeof updateStateSchema>;

export const applianceSchema = z
  .object({
    version: z.string(),
    slot: z.enum(["A", "B"]).nullable(),
    triesLeft: z.number().int().nullable().openapi({
      description: "Starts left to a new version; null once it has proved itself",
    }),
    good: z.boolean(),
    otherVersion: z.string().nullable().openapi({ description: "In the other slot" }),
    failedUnits: z.array(z.string()).openapi({
      description: "What of the system failed since its start; none where all is well",
    }),
    timeServers: z.array(z.string()),
    addresses: z
      .array(z.object({ interface: z.string(), address: z.string() }))
      .openapi({ description: "In use now" }),
    network: z
      .array(
        z.object({
          interface: z.string(),
          address: z.string(),
          gateway: z.string().nullable(),
          dns: z.array(z.string()),
        }),
      )
      .openapi({ description: "As set; a card that is not listed is as the system comes" }),
    update: updateStateSchema,
  })
  .openapi("Appliance");
export type Appliance = z.infer<typeof applianceSchema>;

export const forcedQuerySchema = z.strictObject({
  force: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true")
    .openapi({
      type: "string",
      description:
        "Also where it cuts off or destroys what the refusal names; never while an update is written",
    }),
});
export const stickUpdateSchema = z
  .strictObject({ device: z.string().min(1).max(4096) })
  .openapi("StickUpdate", { description: "The device of GET media" });
export const logToStickSchema = z
  .strictObject({ device: backupMediumSchema })
  .openapi("LogToStick");
/** Written out, so that nobody resets a device by a wrong button. */
export const RESET_WORD = "ERASE ALL DATA";
export const confirmedResetSchema = z
  .strictObject({ confirm: z.literal(RESET_WORD, { error: `must be "${RESET_WORD}"` }) })
  .openapi("ConfirmedReset");
export type ConfirmedReset = z.infer<typeof confirmedResetSchema>;
/** As the configuration has it. */
const PIN = /^[!-~]{4,64}$/;
export const firstPinSchema = z
  .strictObject({
    pin: z.string().regex(PIN, "must be 4 to 64 digits, letters or signs, without spaces"),
  })
  .openapi("FirstPin");
const SERVER_NAME = /^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/;
export const timeServersSchema = z
  .strictObject({
    servers: z.array(z.string().regex(SERVER_NAME, "is no host name or IP address")).max(4),
  })
  .openapi("TimeServers");

const NO_IP = "is no IP address such as 192.0.2.1";
const NO_ADDRESS = 'is no address with its prefix length such as 192.0.2.10/24, and not "dhcp"';
export const networkSettingsSchema = z
  .strictObject({
    interface: z.enum(["hospital", "panel"]),
    address: z.union([z.literal("dhcp"), z.cidrv4({ error: NO_ADDRESS })], { error: NO_ADDRESS }),
    gateway: z.ipv4({ error: NO_IP }).nullable().default(null),
    dns: z
      .array(z.ipv4({ error: NO_IP }))
      .max(3)
      .default([]),
  })
  .openapi("NetworkSettings", { description: "With dhcp the gateway is the network's" });
export type NetworkSettings = z.infer<typeof networkSettingsSchema>;

// ---- settings on a stick --------------------------------------------------------------------------

export const settingsStickSchema = z
  .strictObject({ device: backupMediumSchema })
  .openapi("SettingsStick");
export const applySettingsSchema = z
  .strictObject({
    device: backupMediumSchema,
    ticket: z.string().min(1).max(128).openapi({ description: "Of the preview" }),
  })
  .openapi("ApplySettings");
export const settingsChangeSchema = z
  .object({
    key: z.string().openapi({ example: "remotes[archive].port" }),
    from: z.string().optional(),
    to: z.string().optional(),
  })
  .openapi("SettingsChange", {
    description: "A key with its values as JSON, shortened; absent where there is none",
  });
export type SettingsChange = z.infer<typeof settingsChangeSchema>;
export const settingsPreviewSchema = z
  .object({
    changes: z.array(settingsChangeSchema),
    files: z
      .array(z.string())
      .openapi({ description: "Certificates and keys that come with them" }),
    warnings: z
      .array(z.string())
      .openapi({ description: "Remotes that go, or lose a service, while something needs them" }),
    ticket: z.string().openapi({ description: "Stands for stick and settings as they are now" }),
  })
  .openapi("SettingsPreview");
export type SettingsPreview = z.infer<typeof settingsPreviewSchema>;
export const appliedSettingsSchema = z
  .object({ changes: z.array(settingsChangeSchema) })
  .openapi("AppliedSettings");
export type AppliedSettings = z.infer<typeof appliedSettingsSchema>;

// ---- events ---------------------------------------------------------------------------------------

/** Server-sent events by name, each with the whole resource as it now is. */
export type DeviceEvent =
  | { readonly type: "acquisition"; readonly data: Acquisition }
  | { readonly type: "health"; readonly data: Health }
  | { readonly type: "exam"; readonly data: Exam }
  | { readonly type: "instance"; readonly data: Instance }
  | { readonly type: "study"; readonly data: { readonly studyInstanceUid: string } }
  | { readonly type: "study-deleted"; readonly data: { readonly studyInstanceUid: string } }
  | { readonly type: "job"; readonly data: Job }
  | { readonly type: "worklist"; readonly data: WorklistResult }
  | { readonly type: "configuration"; readonly data: Record<string, never> }
  | { readonly type: "media"; readonly data: readonly Medium[] }
  | { readonly type: "calibration"; readonly data: Calibration }
  | { readonly type: "appliance"; readonly data: UpdateState }
  | { readonly type: "backup"; readonly data: Backup };

export const DEVICE_EVENTS = [
  "acquisition",
  "health",
  "exam",
  "instance",
  "study",
  "study-deleted",
  "job",
  "worklist",
  "configuration",
  "media",
  "calibration",
  "appliance",
  "backup",
] as const satisfies readonly DeviceEvent["type"][];

function isCalendarDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
