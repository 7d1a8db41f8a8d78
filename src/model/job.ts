// Durable work that must still happen to instances: send, print, export, retrieve.

export type JobType = "send" | "print" | "export" | "retrieve";
export type JobState = "queued" | "active" | "waiting" | "done" | "failed" | "cancelled";

export interface JobLogLine {
  readonly atMs: number;
  readonly text: string;
}

export interface Job {
  readonly id: string;
  readonly type: JobType;
  readonly state: JobState;
  readonly createdMs: number;
  readonly progress: { readonly done: number; readonly total: number };
  readonly attempts: number;
  readonly nextAttemptMs?: number | undefined;
  /** Why it waits or failed, in words a technician can act on. */
  readonly reason?: string | undefined;
  readonly log: readonly JobLogLine[];
  readonly parameters: JobParameters;
}

export type JobParameters =
  | SendParameters
  | PrintParameters
  | ExportParameters
  | RetrieveParameters;

export interface SendParameters {
  readonly type: "send";
  readonly remoteId: string;
  readonly studyInstanceUid: string;
  readonly sopInstanceUids: readonly string[];
  /** Made by the device itself; withdrawn when its exam turns out to be held. */
  readonly automatic?: boolean | undefined;
}

/** One image on a film. */
export interface PrintImage {
  readonly sopInstanceUid: string;
  /** From 1; the first where absent. */
  readonly frame?: number | undefined;
  /** In place of the window the object has. */
  readonly window?: { readonly center: number; readonly width: number } | undefined;
  /** Turns the grey scale round, besides what MONOCHROME1 does. */
  readonly invert?: boolean | undefined;
}

export interface PrintFilm {
  /** STANDARD\columns,rows. */
  readonly displayFormat: string;
  readonly orientation: "PORTRAIT" | "LANDSCAPE";
  readonly filmSize: string;
  /** In the order of the image boxes, at most as many. */
  readonly images: readonly PrintImage[];
  /** A millimetre at the detector is a millimetre on the film; else images fill their boxes. */
  readonly trueSize?: boolean | undefined;
}

export interface PrintParameters {
  readonly type: "print";
  readonly remoteId: string;
  readonly films: readonly PrintFilm[];
  readonly copies: number;
}

export interface ExportParameters {
  readonly type: "export";
  readonly target: { readonly kind: "usb" | "disc"; readonly device: string };
  readonly sopInstanceUids: readonly string[];
}

export interface RetrieveParameters {
  readonly type: "retrieve";
  readonly remoteId: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUids?: readonly string[] | undefined;
}
