// Secondary captures: the dose page, and the image as it stands on the screen.

import { useSignal } from "@preact/signals";
import type { Exam, SecondaryCaptureRequest } from "../../api/contract.ts";
import { capture } from "../service-actions.ts";
import { strings } from "../strings.ts";
import { pictureOfView, viewShown } from "../viewer/view-picture.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

const words = strings.capture;

export function CaptureDialog({ exam, onClose }: { exam: Exam; onClose: () => void }) {
  const busy = useSignal(false);
  const none = exam.exposures.length === 0;
  const make = async (request: SecondaryCaptureRequest) => {
    busy.value = true;
    const made = await capture(exam.id, request);
    busy.value = false;
    if (made) onClose();
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      {none && <p class="reason">{words.none}</p>}
      <div class="tiles">
        <Button
          icon="studies"
          label={words.dosePage}
          hint={words.dosePageHint}
          disabled={none || busy.value}
          onPress={() => make({ kind: "dose-page" })}
        />
        <Button
          icon="exam"
          label={words.view}
          hint={words.viewHint}
          disabled={none || busy.value || !viewShown.value}
          onPress={async () => {
            const image = pictureOfView();
            if (image !== null) await make({ kind: "screen", image });
          }}
        />
      </div>
    </Dialog>
  );
}
