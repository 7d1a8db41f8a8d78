// An exam held back after a wrong worklist entry, and the operator's two ways out of it.

import { useSignal } from "@preact/signals";
import { canRelease, releaseExam } from "../service-actions.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Confirm } from "./dialog.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";

const words = strings.held;

export function HeldExam({
  examId,
  studyInstanceUid,
  name,
  onRemoved = () => {},
}: {
  examId: string;
  studyInstanceUid: string;
  /** Whose images they are, where the screen does not say so already. */
  name?: string | undefined;
  onRemoved?: () => void;
}) {
  const asking = useSignal<"none" | "release" | "remove">("none");
  const close = () => {
    asking.value = "none";
  };
  return (
    <section class="held" data-held={examId}>
      <div>
        {name !== undefined && <b>{name}</b>}
        <p>{words.title}</p>
        <small>{words.text}</small>
      </div>
      <div class="pair">
        <Button
          label={words.remove}
          kind="danger"
          onPress={() => {
            asking.value = "remove";
          }}
        />
        <Button
          label={words.release}
          kind="warning"
          disabled={!canRelease()}
          onPress={() => {
            asking.value = "release";
          }}
        />
      </div>
      {asking.value === "release" && (
        <Confirm
          title={words.releaseTitle}
          text={words.releaseText}
          action={words.release}
          onConfirm={async () => {
            if (await releaseExam(examId)) close();
          }}
          onClose={close}
        />
      )}
      {asking.value === "remove" && (
        <RemoveDialog
          studyInstanceUid={studyInstanceUid}
          held
          onRemoved={() => {
            close();
            onRemoved();
          }}
          onClose={close}
        />
      )}
    </section>
  );
}
