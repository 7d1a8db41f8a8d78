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

export interface PrintFilm {
  readonly displayFormat: string;
  readonly orientation: "PORTRAIT" | "LANDSCAPE";
  readonly filmSize: string;
  readonly images: readonly string[];
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
