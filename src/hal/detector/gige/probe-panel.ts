// What a GigE Vision panel says of itself before it is used: maker, model, description, modes.

import { inflateRawSync } from "node:zlib";
import type { Clock } from "../../../core/clock.ts";
import { DetectorError, type DetectorInfo, type DetectorMode } from "../detector.ts";
import { ControlChannel } from "./control-channel.ts";
import { FrameAssembler } from "./frame-assembler.ts";
import { Features } from "./genicam.ts";
import { GigePanel } from "./gige-panel.ts";
import { Register } from "./gvcp.ts";
import { type UdpWireOptions, udpWire } from "./udp-wire.ts";

/** Largest description read, bytes. */
const XML_BYTES_MAX = 4 * 1024 * 1024;
const URL_BYTES = 512;
/** Of a panel that says nothing of them. */
const DEFAULTS = { bitsStored: 16, pitchMm: 0.16, maxFps: 30, readoutMs: 30 };
/** "PK", first bytes of a ZIP archive's local file. */
const ZIP_HEAD = 0x504b;

export interface GigeOptions extends UdpWireOptions {
  readonly clock: Clock;
  readonly modes?: readonly DetectorMode[] | undefined;
  readonly integrationMs?: number | undefined;
}

/** Asks the panel at an address what it is. @throws DetectorError when there is none */
export async function gigeDetector(options: GigeOptions): Promise<GigePanel> {
  const { info, features } = await probePanel(options);
  return new GigePanel({
    info,
    features,
    clock: options.clock,
    connect: () => udpWire(options),
    integrationMs: options.integrationMs,
  });
}

async function probePanel(
  options: GigeOptions,
): Promise<{ info: DetectorInfo; features: Features }> {
  const wire = await udpWire({ ...options, receiver: "socket" });
  const control = new ControlChannel(options.clock, (datagram) => wire.sendControl(datagram));
  wire.start((datagram) => control.heard(datagram), new FrameAssembler(NO_FRAMES, () => 0));
  try {
    const features = new Features(await readDescription(control));
    const info = {
      vendor: await control.readText(Register.vendor, 32),
      model: await control.readText(Register.model, 32),
      firmware: await control.readText(Register.version, 32),
      serial: await control.readText(Register.serial, 16),
      modes: options.modes ?? modesOf(features, await sensorOf(control, features)),
    };
    return { info, features };
  } catch (error) {
    if (!(error instanceof DetectorError)) throw error;
    throw new DetectorError(`GigE Vision panel at ${options.address}: ${error.message}`, {
      cause: error,
    });
  } finally {
    control.close("the panel was asked all");
    wire.close();
  }
}

/** "Local:name.xml;address;length", numbers in hexadecimal. */
async function readDescription(control: ControlChannel): Promise<string> {
  const url = await control.readText(Register.xmlUrl, URL_BYTES);
  const [, name = "", address = "", length = ""] =
    /^Local:(?:\/\/\/)?([^;]*);([0-9a-f]+);([0-9a-f]+)/i.exec(url) ?? [];
  const bytes = Number.parseInt(length, 16);
  if (!(bytes > 0 && bytes <= XML_BYTES_MAX))
    throw new DetectorError(`its description can't be read ("${url}"); only kept ones can`);
  const content = await control.readMemory(Number.parseInt(address, 16), bytes);
  return new TextDecoder().decode(/\.zip$/i.test(name) ? firstOfZip(content) : content);
}

function firstOfZip(zip: Uint8Array): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  if (zip.length < 30 || view.getUint16(0) !== ZIP_HEAD)
    throw new DetectorError("its description is no ZIP archive");
  const start = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = view.getUint32(18, true);
  const data = packed > 0 ? zip.subarray(start, start + packed) : zip.subarray(start);
  return view.getUint16(8, true) === 0 ? data : inflateRawSync(data);
}

async function sensorOf(control: ControlChannel, features: Features): Promise<[number, number]> {
  const read = async (name: string): Promise<number> => {
    const feature = features.find(name);
    if (feature === null) return 0;
    return feature.register === null ? feature.value : control.readRegister(feature.register);
  };
  return [
    (await read("SensorWidth")) || (await read("WidthMax")),
    (await read("SensorHeight")) || (await read("HeightMax")),
  ];
}

/** A panel that names its modes has constants for each; any other one has its full size, and half. */
export function modesOf(
  features: Features,
  [columns, rows]: readonly [number, number],
): readonly DetectorMode[] {
  const named = features.find("PanelMode");
  if (named !== null)
    return [...named.entries.keys()].map((id) => {
      const of = (name: string): number | null => features.constant(`Mode_${id}_${name}`);
      const counts = of("CountsPerMicroGray");
      return {
        id,
        columns: of("Columns") ?? 0,
        rows: of("Rows") ?? 0,
        binning: binningOf(of("Binning")),
        bitsStored: of("BitsStored") ?? DEFAULTS.bitsStored,
        pitchMm: (of("PitchMicrometres") ?? DEFAULTS.pitchMm * 1000) / 1000,
        maxFps: of("FramesPerSecond") ?? DEFAULTS.maxFps,
        readoutMs: of("ReadoutMs") ?? DEFAULTS.readoutMs,
        ...(counts === null ? {} : { countsPerMicroGray: counts }),
      };
    });
  if (columns === 0 || rows === 0)
    throw new DetectorError("it does not say how many pixels it has; it can't be used");
  const full: DetectorMode = { id: "full", columns, rows, binning: 1, ...DEFAULTS };
  if (features.find("BinningHorizontal") === null) return [full];
  return [
    { ...full, maxFps: DEFAULTS.maxFps / 2 },
    {
      ...full,
      id: "binned",
      columns: columns >> 1,
      rows: rows >> 1,
      binning: 2,
      pitchMm: DEFAULTS.pitchMm * 2,
    },
  ];
}

function binningOf(value: number | null): 1 | 2 | 4 {
  return value === 2 || value === 4 ? value : 1;
}

const nothing = (): void => {};
const NO_FRAMES = {
  place: () => null,
  giveBack: nothing,
  began: nothing,
  frame: nothing,
  skipped: nothing,
  stray: nothing,
  resend: nothing,
  wrong: nothing,
};
