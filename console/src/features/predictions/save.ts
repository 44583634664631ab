/** Hand a text to the browser as a file to keep. */
export function save(name: string, text: string): void {
  // With a byte order mark spreadsheets read it as UTF-8.
  const address = URL.createObjectURL(new Blob(["\uFEFF", text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
