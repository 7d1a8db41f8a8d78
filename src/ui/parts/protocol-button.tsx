// The chosen protocol; pressing it opens the chooser.

import { Icon } from "../icons.tsx";
import { strings } from "../strings.ts";

export function ProtocolButton({
  name,
  disabled = false,
  onPress,
}: {
  name: string | undefined;
  disabled?: boolean;
  onPress: () => void;
}) {
  return (
    <button
      type="button"
      class="protocol-button"
      disabled={disabled}
      aria-label={strings.start.protocol}
      onClick={() => onPress()}
    >
      <span>
        <small>{strings.start.protocol}</small>
        <b>{name ?? strings.none}</b>
      </span>
      <Icon name="forward" />
    </button>
  );
}
