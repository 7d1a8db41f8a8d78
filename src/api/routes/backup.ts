// Backup of configuration and database to a stick, and restore (service). Images are not in it: the archive
// has them.

import { createRoute, z } from "@hono/zod-openapi";
import {
  backupMediumSchema,
  backupSchema,
  beginAnewSchema,
  listedBackupSchema,
  newBackupSchema,
  restoreSchema,
  undoRestoreSchema,
} from "../contract.ts";
import type { BackupPort } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, path, refusals, servicePin } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

const getBackup = createRoute({
  method: "get",
  path: path("/backup"),
  summary: "What a backup or restore is doing, and the last restore",
  responses: {
    200: json(backupSchema, "As it is now; changes come as backup events"),
    ...refusals,
  },
});

const getSets = createRoute({
  method: "get",
  path: path("/backup/sets"),
  summary: "The backups on a stick, the newest first",
  request: { query: z.strictObject({ device: backupMediumSchema }) },
  responses: {
    200: json(z.array(listedBackupSchema), "With what hinders those that cannot be restored"),
    ...refusals,
  },
});

const postBackup = createRoute({
  method: "post",
  path: path("/backup"),
  summary: "Copies configuration, database and calibration to a stick, into udr-backup",
  description:
    "Answers when it has begun; its end comes as a backup event. The stick then holds patient data, the service PIN and keys, but no images. 409 while an exam is open or a medium is written.",
  security: servicePin,
  request: body(newBackupSchema),
  responses: { 202: json(backupSchema, "It is being made"), ...refusals },
});

const postRestore = createRoute({
  method: "post",
  path: path("/backup/restore"),
  summary: "Replaces configuration, database and calibration by those of a backup, and restarts",
  description:
    "Every file is checked before anything is replaced; what is replaced is kept until the next restore. Images on the disk stay. 409 while an exam is open or a medium is written.",
  security: servicePin,
  request: body(restoreSchema),
  responses: { 202: json(backupSchema, "It is being brought in"), ...refusals },
});

const postUndo = createRoute({
  method: "post",
  path: path("/backup/undo-restore"),
  summary: "Brings back what the last restore replaced, and restarts",
  security: servicePin,
  request: body(undoRestoreSchema),
  responses: { 202: json(backupSchema, "It is being brought back"), ...refusals },
});

const postBeginAnew = createRoute({
  method: "post",
  path: path("/backup/begin-anew"),
  summary: "Puts a database that cannot be used aside, begins with an empty one, and restarts",
  description:
    "Only while health says `repair`. Exams, jobs, worklist and calibration are gone with it; configuration and images stay, and the images are listed again and sent by hand. What is put aside is kept until the next restore.",
  security: servicePin,
  request: body(beginAnewSchema),
  responses: { 202: json(backupSchema, "It is put aside"), ...refusals },
});

export function backupRoutes(app: ApiApp, backup: BackupPort, pin: ServicePin): void {
  app.openapi(getBackup, (c) => c.json(backup.state(), 200));
  app.openapi(getSets, async (c) =>
    c.json([...granted(await backup.list(c.req.valid("query").device))], 200),
  );
  app.openapi(postBackup, async (c) => {
    pin.require(c.req.header("authorization"));
    return c.json(granted(await backup.backUp(c.req.valid("json").device)), 202);
  });
  app.openapi(postRestore, async (c) => {
    pin.require(c.req.header("authorization"));
    const { device, name } = c.req.valid("json");
    return c.json(granted(await backup.restore(device, name)), 202);
  });
  app.openapi(postUndo, async (c) => {
    pin.require(c.req.header("authorization"));
    return c.json(granted(await backup.undoRestore()), 202);
  });
  const { beginAnew } = backup;
  if (beginAnew !== undefined)
    app.openapi(postBeginAnew, async (c) => {
      pin.require(c.req.header("authorization"));
      return c.json(granted(await beginAnew()), 202);
    });
}
