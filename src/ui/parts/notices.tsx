// What went wrong or was done, in sentences. Problems stay until they are read.

import { dismiss, notices } from "../state.ts";
import { strings } from "../strings.ts";
import { IconButton } from "./button.tsx";

export function Notices() {
  return (
    <div class="notices" aria-live="assertive">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.kind}`} role="alert">
          <div>
            {notice.title !== undefined && <b>{notice.title}</b>}
            <p>{notice.text}</p>
          </div>
          {notice.kind === "problem" && (
            <IconButton label={strings.close} icon="close" onPress={() => dismiss(notice.id)} />
          )}
        </div>
      ))}
    </div>
  );
}
