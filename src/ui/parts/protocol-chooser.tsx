// The choice of an acquisition protocol, those of a body part together.

import type { ProtocolView } from "../../api/contract.ts";
import { protocols } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

export function ProtocolChooser({
  chosen,
  onChoose,
  onClose,
}: {
  chosen: string | undefined;
  onChoose: (protocol: ProtocolView) => void;
  onClose: () => void;
}) {
  const groups = Map.groupBy(protocols.value, (protocol) => protocol.bodyPart);
  return (
    <Dialog title={strings.start.chooseProtocol} wide onClose={onClose}>
      <div class="tiles">
        {[...groups.values()].flat().map((protocol) => (
          <Button
            key={protocol.id}
            label={protocol.name}
            hint={`${protocol.bodyPart} · ${protocol.technique.kv} kV  ${protocol.technique.ma} mA`}
            pressed={protocol.id === chosen}
            onPress={() => onChoose(protocol)}
          />
        ))}
      </div>
    </Dialog>
  );
}
