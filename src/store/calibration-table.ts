// Calibration maps as rows: of each panel, mode and kind the map in use, the one before it and, while somebody
// has to look at it, a new one. The pixels lie in files, see calibration-files.ts.

import type { CalibrationRecord, MapKind, MapState } from "../model/calibration.ts";
import type { Database } from "./database.ts";

/** A record with the name of its file. */
export interface StoredMap extends CalibrationRecord {
  readonly file: string;
}

export interface MapScope {
  readonly panelSerial: string;
  readonly modeId: string;
}

interface Row {
  readonly panel_serial: string;
  readonly mode_id: string;
  readonly kind: MapKind;
  readonly state: MapState;
  readonly mean: number;
  readonly sd: number;
  readonly noise: number;
  readonly frames: number;
  readonly temperature_c: number;
  readonly created_ms: number;
  readonly sha256: string;
  readonly file: string;
}

export function readMaps(db: Database): StoredMap[] {
  return db
    .query<Row, []>("SELECT * FROM calibration_maps ORDER BY panel_serial, mode_id, kind, state")
    .all()
    .map((row) => ({
      panelSerial: row.panel_serial,
      modeId: row.mode_id,
      kind: row.kind,
      state: row.state,
      figures: { mean: row.mean, sd: row.sd, noise: row.noise },
      frames: row.frames,
      temperatureC: row.temperature_c,
      createdMs: row.created_ms,
      sha256: row.sha256,
      file: row.file,
    }));
}

/** In place of another of the same panel, mode, kind and state. */
export function saveMap(db: Database, map: StoredMap): void {
  db.query(
    `INSERT OR REPLACE INTO calibration_maps (panel_serial, mode_id, kind, state, mean, sd, noise, frames,
       temperature_c, created_ms, sha256, file)
     VALUES ($panelSerial, $modeId, $kind, $state, $mean, $sd, $noise, $frames, $temperatureC, $createdMs,
       $sha256, $file)`,
  ).run({
    panelSerial: map.panelSerial,
    modeId: map.modeId,
    kind: map.kind,
    state: map.state,
    ...map.figures,
    frames: map.frames,
    temperatureC: map.temperatureC,
    createdMs: map.createdMs,
    sha256: map.sha256,
    file: map.file,
  });
}

export function forgetCandidates(db: Database): void {
  db.run("DELETE FROM calibration_maps WHERE state = 'candidate'");
}

/** Candidates come into use; what they replace becomes the previous map of its kind. */
export function acceptCandidates(db: Database): void {
  const ofCandidate = `(panel_serial, mode_id, kind) IN
    (SELECT panel_serial, mode_id, kind FROM calibration_maps WHERE state = 'candidate')`;
  db.run(`DELETE FROM calibration_maps WHERE state = 'previous' AND ${ofCandidate}`);
  db.run(
    `UPDATE calibration_maps SET state = 'previous' WHERE state = 'current' AND ${ofCandidate}`,
  );
  db.run("UPDATE calibration_maps SET state = 'current' WHERE state = 'candidate'");
}

/** The previous maps of a mode come into use again, those in use become the previous ones. */
export function swapWithPrevious(db: Database, { panelSerial, modeId }: MapScope): void {
  const rename = (from: MapState | "swapped", to: MapState | "swapped", more = "") =>
    db
      .query(
        `UPDATE calibration_maps SET state = $to WHERE panel_serial = $panelSerial
           AND mode_id = $modeId AND state = $from ${more}`,
      )
      .run({ panelSerial, modeId, from, to });
  rename(
    "current",
    "swapped",
    `AND kind IN (SELECT kind FROM calibration_maps WHERE panel_serial = $panelSerial
       AND mode_id = $modeId AND state = 'previous')`,
  );
  rename("previous", "current");
  rename("swapped", "previous");
}
