import { Box, Table, TableBody, TableCell, TableContainer, TableHead, TableRow, Typography } from "@mui/material";
import { useTranslation } from "react-i18next";

import { useSaid } from "../../components/useSaid";

type Say = (text: string) => string;

interface Part {
  text: string;
  /** The heading that it stands under. */
  under: string;
}

/** A model card as it is written: headings, lists, tables and paragraphs; whatever else there is stays as it stands. */
export function CardText({ text }: { text: string }) {
  const say = useCardWords();
  return (
    <Box sx={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
      {partsOf(text).map((part, place) => (
        <Block key={place} {...part} say={say} />
      ))}
    </Box>
  );
}

const HEADING = /^(#+) (.*)$/;

function partsOf(text: string): Part[] {
  let under = "";
  return text.split(/\n{2,}/).map((block) => {
    under = HEADING.exec(block.trim())?.[2] ?? under;
    return { text: block.trim(), under };
  });
}

/** The card's own words, `Label: value` and the server's sentences in the reader's language. */
function useCardWords(): Say {
  const { t } = useTranslation("models");
  const say = useSaid();
  const words = t("cardWords", { returnObjects: true }) as Record<string, string>;
  const one = (text: string) => {
    const [, bound = "", number = ""] = /^(from|up to) (.+)$/.exec(text) ?? [];
    return words[text] ?? (words[bound] ? `${words[bound]} ${say(number)}` : say(text));
  };
  return (text) => {
    const [, label = "", value = ""] = /^([A-Z][a-z ]+): (.+)$/.exec(text) ?? [];
    const whole = one(text);
    return (whole === text && words[label] ? `${words[label]}: ${one(value)}` : whole).replaceAll("`", "");
  };
}

function Block({ text, under, say }: Part & { say: Say }) {
  const [, marks, heading] = HEADING.exec(text) ?? [];
  // The card's own name stands over the page already.
  if (marks === "#") return null;
  if (heading) return <Typography variant="h3">{say(heading)}</Typography>;
  const lines = text.split("\n");
  if (lines.every((line) => line.startsWith("|"))) return <Rows lines={lines} label={say(under)} say={say} />;
  if (!lines.every((line) => line.startsWith("- "))) return <Typography sx={{ my: 1 }}>{say(text)}</Typography>;
  return (
    <Box component="ul" sx={{ mt: 0.5, mb: 2, pl: 3 }}>
      {lines.map((line) => (
        <li key={line}>{say(line.slice(2))}</li>
      ))}
    </Box>
  );
}

function Rows({ lines, label, say }: { lines: string[]; label: string; say: Say }) {
  // The second line only draws the rule under the head.
  const [head = [], , ...rows] = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return (
    <TableContainer tabIndex={0} role="group" aria-label={label} sx={{ my: 1, whiteSpace: "normal", overflowWrap: "break-word" }}>
      <Table size="small" aria-label={label} sx={{ width: "auto" }}>
        <TableHead>
          <TableRow>
            {head.map((cell, column) => (
              <TableCell key={column} component={cell === "" ? "td" : "th"}>
                {say(cell)}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={row.join()}>
              {row.map((cell, column) => (
                <TableCell key={column}>{say(cell)}</TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}
