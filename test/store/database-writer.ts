// Thread that changes two rows together and adds a third, again and again, until it is told to stop; tells
// every time that it was durable.

import { openDatabase } from "../../src/store/database.ts";

declare const self: Worker;

self.onmessage = async ({ data }: MessageEvent<{ readonly path: string }>) => {
  let isOn = true;
  self.onmessage = () => {
    isOn = false;
  };
  const db = openDatabase(data.path);
  for (let n = 1; isOn; n++) {
    db.transaction(() => {
      for (const key of ["a", "b"])
        db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", [key, `${n}`]);
      db.run("INSERT INTO settings VALUES (?, ?)", [`row ${n}`, "x".repeat(500)]);
    })();
    self.postMessage(n);
    await new Promise((resolve) => setImmediate(resolve));
  }
  db.close();
  self.postMessage("closed");
};
