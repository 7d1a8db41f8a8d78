// Where a study is sent to.

import { imageServers, sendStudy } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

export function SendDialog({
  studyInstanceUid,
  onClose,
}: {
  studyInstanceUid: string;
  onClose: () => void;
}) {
  return (
    <Dialog title={strings.send.title} onClose={onClose}>
      {imageServers.value.length === 0 && <p>{strings.send.none}</p>}
      <div class="tiles">
        {imageServers.value.map((remote) => (
          <Button
            key={remote.id}
            icon="send"
            label={remote.id}
            hint={`${remote.aeTitle}  ${remote.host}`}
            onPress={async () => {
              if (await sendStudy(remote.id, studyInstanceUid)) onClose();
            }}
          />
        ))}
      </div>
    </Dialog>
  );
}
