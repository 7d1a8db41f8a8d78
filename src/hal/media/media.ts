// Removable drives and disc writers as the rest of the device sees them.

/** One medium or writer, usable or not. */
export interface MediumInfo {
  readonly kind: "usb" | "disc";
  /** Names it in an export job. */
  readonly device: string;
  readonly label: string;
  readonly sizeBytes?: number | undefined;
  readonly freeBytes?: number | undefined;
  readonly usable: boolean;
  /** Why it cannot be used, and what to do. */
  readonly reason?: string | undefined;
}

/** A drive that can be written to: the folder it is mounted at. */
export interface OpenDrive {
  readonly root: string;
  readonly label: string;
  /**
   * Everything is on the medium and, where this device may do that, the medium is released.
   * @returns what the operator may do now, in words
   */
  release(): Promise<string>;
}

export type OpenDriveOutcome =
  | { readonly kind: "open"; readonly drive: OpenDrive }
  | { readonly kind: "refused"; readonly reason: string };

export interface Drives {
  list(): Promise<readonly MediumInfo[]>;
  open(device: string): Promise<OpenDriveOutcome>;
  /** Lets a drive go, also one that cannot be written to; null where it is not plugged in. */
  release(device: string): Promise<string | null>;
}
