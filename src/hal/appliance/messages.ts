// What the program and the root helper say to each other: one line of JSON asks, lines of JSON answer,
// progress first, then exactly one result.

import { isIP } from "node:net";
import { z } from "zod";

/** A request or an answer's line, in bytes. */
export const LINE_BYTES_MAX = 64 * 1024;
/** Of the journal's export; the newest lines come first. */
export const JOURNAL_BYTES_MAX = 16 * 1024 * 1024;
export const TIME_SERVERS_MAX = 4;
const DNS_SERVERS_MAX = 3;

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

const ip = z.string().refine((text) => isIP(text) !== 0, "is no IP address");
export const timeServerSchema = z
  .string()
  .refine((text) => isIP(text) !== 0 || HOST_NAME.test(text), "is no host name or IP address");
const addressSchema = z.union([
  z.literal("dhcp"),
  z.string().refine((text) => {
    const [address = "", bits = "", more] = text.split("/");
    const family = isIP(address);
    const bitsMax = family === 4 ? 32 : 128;
    return family !== 0 && more === undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax;
  }, 'is no address such as 192.0.2.10/24, and not "dhcp"'),
]);

export const requestSchema = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("status") }),
  z.strictObject({ do: z.literal("release"), mountPoint: z.string().max(256) }),
  z.strictObject({ do: z.literal("install-update"), folder: z.string().max(1024) }),
  z.strictObject({ do: z.literal("restart") }),
  z.strictObject({ do: z.literal("power-off") }),
  z.strictObject({ do: z.literal("factory-reset") }),
  z.strictObject({ do: z.literal("journal"), sinceMs: z.number().int().nonnegative().nullable() }),
  z.strictObject({
    do: z.literal("set-time-servers"),
    servers: z.array(timeServerSchema).max(TIME_SERVERS_MAX),
  }),
  z.strictObject({
    do: z.literal("set-network"),
    interface: z.string().regex(/^[a-z][a-z0-9]{0,14}$/, "is no name of a network card"),
    address: addressSchema,
    gateway: ip.nullable(),
    dns: z.array(ip).max(DNS_SERVERS_MAX),
  }),
]);
export type ApplianceRequest = z.infer<typeof requestSchema>;

const networkSettingsSchema = z.object({
  interface: z.string(),
  address: z.string(),
  gateway: z.string().nullable(),
  dns: z.array(z.string()),
});

const progressSchema = z.object({ progress: z.number().min(0).max(1), step: z.string() });
const refusalSchema = z.object({ ok: z.literal(false), reason: z.string() });
const doneSchema = z.looseObject({ ok: z.literal(true) });
export const answerLineSchema = z.union([progressSchema, refusalSchema, doneSchema]);
export type AnswerLine = z.infer<typeof answerLineSchema>;

export const statusAnswerSchema = z.object({
  version: z.string(),
  slot: z.enum(["A", "B"]).nullable(),
  tries: z.number().int().nullable(),
  good: z.boolean(),
  other: z.string().nullable(),
  failedUnits: z.array(z.string()),
  timeServers: z.array(z.string()),
  network: z.object({
    addresses: z.array(z.object({ interface: z.string(), address: z.string() })),
    settings: z.array(networkSettingsSchema),
  }),
});
export type StatusAnswer = z.infer<typeof statusAnswerSchema>;
