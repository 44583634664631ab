/** Hand a file to the reader. It comes through the page, so that what was asked for stands in no list of downloads. */
export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it by the time that this runs.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
