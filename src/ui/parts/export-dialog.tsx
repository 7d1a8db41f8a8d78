// Which stick or disc a study goes onto. What is plugged in meanwhile appears by itself.

import { useEffect } from "preact/hooks";
import type { Medium } from "../../api/contract.ts";
import { byteSize } from "../format.ts";
import { exportStudy, media, readMedia } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

const words = strings.export;

export function ExportDialog({
  studyInstanceUid,
  onClose,
}: {
  studyInstanceUid: string;
  onClose: () => void;
}) {
  useEffect(() => {
    void readMedia();
  }, []);
  return (
    <Dialog title={words.title} onClose={onClose}>
      {media.value.length === 0 && <p>{words.none}</p>}
      <div class="tiles">
        {media.value.map((medium) => (
          <Button
            key={medium.device}
            icon="export"
            label={`${words.kinds[medium.kind]} ${medium.label}`}
            hint={hintOf(medium)}
            disabled={!medium.usable}
            onPress={async () => {
              if (await exportStudy(medium, studyInstanceUid)) onClose();
            }}
          />
        ))}
      </div>
    </Dialog>
  );
}

function hintOf({ usable, reason, freeBytes, device }: Medium): string {
  if (!usable) return reason ?? "";
  return freeBytes === undefined ? device : words.free(byteSize(freeBytes));
}
