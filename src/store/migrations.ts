// The database's shape as a numbered list of steps forward. A step that was shipped is never edited:
// a change is a new step at the end. `user_version` counts the steps a database has seen. Every step says
// how old a program may be that still works with the result: that one starts again when an update fails.

export interface Migration {
  /** What the step brings, for the log. */
  readonly title: string;
  readonly sql: string;
  /**
   * Number of steps the oldest program must know that can still read and write the database after this
   * one. An index or a column with a default leaves it as it was; a step that renames, drops or gives
   * another meaning is readable from its own number only.
   */
  readonly readableFrom: number;
}

/** The oldest program, by the number of steps it knows, that works with what these steps make. */
export function readableFromSchema(migrations: readonly Migration[]): number {
  return Math.max(1, ...migrations.map((step) => step.readableFrom));
}

export const MIGRATIONS: readonly Migration[] = [
  {
    title: "studies, series, instances, exams, worklist, jobs, commitment, MPPS queue, settings",
    readableFrom: 1,
    sql: `
      CREATE TABLE studies (
        study_uid TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        patient_name TEXT NOT NULL,
        name_folded TEXT NOT NULL,
        birth_date TEXT NOT NULL,
        sex TEXT NOT NULL,
        study_date TEXT NOT NULL,
        study_time TEXT NOT NULL,
        study_id TEXT NOT NULL,
        accession_number TEXT NOT NULL,
        description TEXT NOT NULL,
        created_ms REAL NOT NULL
      ) STRICT;
      CREATE INDEX studies_by_patient ON studies (patient_id);
      CREATE INDEX studies_by_date ON studies (study_date, study_time);

      CREATE TABLE series (
        series_uid TEXT PRIMARY KEY,
        study_uid TEXT NOT NULL REFERENCES studies ON DELETE CASCADE,
        modality TEXT NOT NULL,
        series_number INTEGER NOT NULL,
        description TEXT NOT NULL,
        body_part TEXT NOT NULL
      ) STRICT;
      CREATE INDEX series_by_study ON series (study_uid);

      CREATE TABLE instances (
        sop_uid TEXT PRIMARY KEY,
        series_uid TEXT NOT NULL REFERENCES series ON DELETE CASCADE,
        study_uid TEXT NOT NULL REFERENCES studies ON DELETE CASCADE,
        sop_class_uid TEXT NOT NULL,
        transfer_syntax_uid TEXT NOT NULL,
        modality TEXT NOT NULL,
        series_number INTEGER NOT NULL,
        instance_number INTEGER NOT NULL,
        number_of_frames INTEGER NOT NULL,
        row_count INTEGER NOT NULL,
        column_count INTEGER NOT NULL,
        path TEXT NOT NULL UNIQUE,
        file_bytes INTEGER NOT NULL,
        pixel_offset INTEGER NOT NULL,
        pixel_bytes INTEGER NOT NULL,
        created_ms REAL NOT NULL,
        exam_id TEXT,
        irradiation_event_uid TEXT,
        is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
        file_state TEXT NOT NULL DEFAULT 'stored' CHECK (file_state IN ('stored', 'missing'))
      ) STRICT;
      CREATE INDEX instances_by_series ON instances (series_uid);
      CREATE INDEX instances_by_study ON instances (study_uid);
      CREATE INDEX instances_by_exam ON instances (exam_id);

      CREATE TABLE pending_removals (path TEXT PRIMARY KEY) STRICT;

      CREATE TABLE exams (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('open', 'completed', 'discontinued')),
        study_uid TEXT NOT NULL,
        patient_id TEXT NOT NULL,
        started_ms REAL NOT NULL,
        record TEXT NOT NULL
      ) STRICT;
      CREATE INDEX exams_by_study ON exams (study_uid);
      CREATE INDEX exams_by_state ON exams (state);

      CREATE TABLE worklist_items (
        id TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        accession_number TEXT NOT NULL,
        requested_procedure_id TEXT NOT NULL,
        step_id TEXT NOT NULL,
        scheduled_date TEXT NOT NULL,
        updated_ms REAL NOT NULL,
        record TEXT NOT NULL
      ) STRICT;
      CREATE TABLE made_study_uids (
        accession_number TEXT NOT NULL,
        requested_procedure_id TEXT NOT NULL,
        study_uid TEXT NOT NULL,
        PRIMARY KEY (accession_number, requested_procedure_id)
      ) STRICT;

      CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        type TEXT NOT NULL,
        state TEXT NOT NULL
          CHECK (state IN ('queued', 'active', 'waiting', 'done', 'failed', 'cancelled')),
        remote_id TEXT,
        created_ms REAL NOT NULL,
        done INTEGER NOT NULL,
        total INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        postponements INTEGER NOT NULL,
        next_attempt_ms REAL,
        reason TEXT,
        log TEXT NOT NULL,
        parameters TEXT NOT NULL
      ) STRICT;
      CREATE INDEX jobs_by_state ON jobs (state);
      CREATE TABLE job_items (
        job_number INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        position INTEGER NOT NULL,
        sop_uid TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'parked', 'gone')),
        refusals INTEGER NOT NULL,
        status INTEGER,
        PRIMARY KEY (job_number, position)
      ) STRICT;
      CREATE UNIQUE INDEX job_items_by_instance ON job_items (job_number, sop_uid);

      CREATE TABLE send_states (
        sop_uid TEXT NOT NULL REFERENCES instances ON DELETE CASCADE,
        remote_id TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('stored', 'warning', 'refused', 'lost')),
        status INTEGER,
        at_ms REAL NOT NULL,
        PRIMARY KEY (sop_uid, remote_id)
      ) STRICT;

      CREATE TABLE commitments (
        transaction_uid TEXT PRIMARY KEY,
        remote_id TEXT NOT NULL,
        study_uid TEXT NOT NULL,
        state TEXT NOT NULL
          CHECK (state IN ('open', 'requested', 'answered', 'failed', 'superseded')),
        created_ms REAL NOT NULL,
        answered_ms REAL,
        reason TEXT
      ) STRICT;
      CREATE INDEX commitments_by_state ON commitments (state);
      CREATE TABLE commit_states (
        transaction_uid TEXT NOT NULL REFERENCES commitments ON DELETE CASCADE,
        sop_uid TEXT NOT NULL REFERENCES instances ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('pending', 'committed', 'failed')),
        failure_reason INTEGER,
        at_ms REAL NOT NULL,
        PRIMARY KEY (transaction_uid, sop_uid)
      ) STRICT;
      CREATE INDEX commit_states_by_instance ON commit_states (sop_uid);

      CREATE TABLE output_states (
        sop_uid TEXT NOT NULL REFERENCES instances ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('print', 'export')),
        target TEXT NOT NULL,
        at_ms REAL NOT NULL,
        PRIMARY KEY (sop_uid, kind, target)
      ) STRICT;

      CREATE TABLE mpps_queue (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        sop_uid TEXT NOT NULL,
        exam_id TEXT NOT NULL,
        message TEXT NOT NULL CHECK (message IN ('create', 'set')),
        document TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
        attempts INTEGER NOT NULL,
        created_ms REAL NOT NULL,
        reason TEXT
      ) STRICT;
      CREATE INDEX mpps_queue_by_step ON mpps_queue (sop_uid);

      CREATE TABLE counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
      CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    `,
  },
  {
    title: "indexes for what every attempt of a job asks",
    readableFrom: 1,
    sql: `
      CREATE INDEX instances_missing ON instances (sop_uid) WHERE file_state = 'missing';
      CREATE INDEX job_items_by_sop ON job_items (sop_uid);
    `,
  },
  {
    title: "index for the performed step of an exam",
    readableFrom: 1,
    sql: "CREATE INDEX mpps_queue_by_exam ON mpps_queue (exam_id);",
  },
  {
    title: "calibration maps",
    readableFrom: 1,
    sql: `
      CREATE TABLE calibration_maps (
        panel_serial TEXT NOT NULL,
        mode_id TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('offset', 'gain', 'defect')),
        state TEXT NOT NULL CHECK (state IN ('current', 'previous', 'candidate', 'swapped')),
        mean REAL NOT NULL,
        sd REAL NOT NULL,
        noise REAL NOT NULL,
        frames INTEGER NOT NULL,
        temperature_c REAL NOT NULL,
        created_ms REAL NOT NULL,
        sha256 TEXT NOT NULL,
        file TEXT NOT NULL,
        PRIMARY KEY (panel_serial, mode_id, kind, state)
      ) STRICT;
    `,
  },
];
