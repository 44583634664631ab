import { Box, Table, TableBody, TableCell, TableContainer, TableHead, TableRow, Typography } from "@mui/material";

/** A model card as it is written: headings, lists, tables and paragraphs; whatever else there is stays as it stands. */
export function CardText({ text }: { text: string }) {
  return (
    <Box sx={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
      {text.split(/\n{2,}/).map((block, place) => (
        <Block key={place} text={block.trim()} />
      ))}
    </Box>
  );
}

function Block({ text }: { text: string }) {
  const [, marks, heading] = /^(#+) (.*)$/.exec(text) ?? [];
  // The card's own name stands over the page already.
  if (marks === "#") return null;
  if (heading) return <Typography variant="h3">{plain(heading)}</Typography>;
  const lines = text.split("\n");
  if (lines.every((line) => line.startsWith("|"))) return <Rows lines={lines} />;
  if (!lines.every((line) => line.startsWith("- "))) return <Typography sx={{ my: 1 }}>{plain(text)}</Typography>;
  return (
    <Box component="ul" sx={{ mt: 0.5, mb: 2, pl: 3 }}>
      {lines.map((line) => (
        <li key={line}>{plain(line.slice(2))}</li>
      ))}
    </Box>
  );
}

function Rows({ lines }: { lines: string[] }) {
  // The second line only draws the rule under the head.
  const [head = [], , ...rows] = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return (
    <TableContainer tabIndex={0} sx={{ my: 1, whiteSpace: "normal", overflowWrap: "break-word" }}>
      <Table size="small" sx={{ width: "auto" }}>
        <TableHead>
          <TableRow>
            {head.map((cell, column) => (
              <TableCell key={column} component={cell === "" ? "td" : "th"}>
                {plain(cell)}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={row.join()}>
              {row.map((cell, column) => (
                <TableCell key={column}>{plain(cell)}</TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}

const plain = (text: string) => text.replaceAll("`", "");
