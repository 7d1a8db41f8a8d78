// MPPS messages (PS3.4 Annex F) that wait for their server, per step in order: create, then set.

import type { Database } from "./database.ts";
import type { MppsMessage, NewMppsMessage } from "./records.ts";

export function insertMpps(db: Database, m: NewMppsMessage): number {
  const row = db
    .query<{ number: number }, Record<string, string | number>>(
      `INSERT INTO mpps_queue (sop_uid, exam_id, message, document, state, attempts, created_ms)
       VALUES ($sopUid, $examId, $message, $document, 'waiting', 0, $createdMs) RETURNING number`,
    )
    .get({
      sopUid: m.sopInstanceUid,
      examId: m.examId,
      message: m.message,
      document: JSON.stringify(m.document ?? null),
      createdMs: m.createdMs,
    });
  return row?.number ?? 0;
}

export function saveMpps(
  db: Database,
  m: Pick<MppsMessage, "number" | "state" | "attempts" | "reason">,
): void {
  db.query(
    `UPDATE mpps_queue SET state = $state, attempts = $attempts, reason = $reason
     WHERE number = $number`,
  ).run({ number: m.number, state: m.state, attempts: m.attempts, reason: m.reason ?? null });
  // Once the end of a step is told, nobody sends its documents again.
  if (m.state === "done")
    db.query(
      `UPDATE mpps_queue SET document = 'null' WHERE sop_uid =
         (SELECT sop_uid FROM mpps_queue WHERE number = $number AND message = 'set')`,
    ).run({ number: m.number });
}

/**
 * Messages in the order they were made; of one exam, or not yet done, where asked. The documents of
 * a step whose end was told are gone (null).
 */
export function readMpps(
  db: Database,
  filter: { readonly examId?: string | undefined; readonly unfinished?: boolean | undefined },
): MppsMessage[] {
  // Two statements, so that each can use its index.
  const where = filter.examId === undefined ? "$examId IS NULL" : "exam_id = $examId";
  return db
    .query<
      {
        number: number;
        sop_uid: string;
        exam_id: string;
        message: "create" | "set";
        document: string;
        state: MppsMessage["state"];
        attempts: number;
        created_ms: number;
        reason: string | null;
      },
      { examId: string | null; unfinished: number }
    >(
      `SELECT * FROM mpps_queue WHERE ${where}
         AND ($unfinished = 0 OR state <> 'done') ORDER BY number`,
    )
    .all({ examId: filter.examId ?? null, unfinished: filter.unfinished === true ? 1 : 0 })
    .map((r) => ({
      number: r.number,
      sopInstanceUid: r.sop_uid,
      examId: r.exam_id,
      message: r.message,
      document: JSON.parse(r.document) as unknown,
      state: r.state,
      attempts: r.attempts,
      createdMs: r.created_ms,
      reason: r.reason ?? undefined,
    }));
}
