import { useTranslation } from "react-i18next";

/** What a message of the node's holds, in words; of a kind that a later node sends, its own name. */
export function useKindWords(): (kind: string) => string {
  const { t, i18n } = useTranslation("hospital");
  return (kind) => (i18n.exists(`hospital:left.kinds.${kind}`) ? t(`left.kinds.${kind}`) : kind);
}
