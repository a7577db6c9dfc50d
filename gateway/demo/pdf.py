"""A one-page PDF made by hand; Japanese text by a font that every reader has (no font embedded)."""

from __future__ import annotations

FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /KozMinPr6N-Regular"
    b" /Encoding /UniJIS-UCS2-H /DescendantFonts [6 0 R] >>"
)
CID_FONT = (
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /KozMinPr6N-Regular"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 6 >> /FontDescriptor 7 0 R >>"
)
DESCRIPTOR = (
    b"<< /Type /FontDescriptor /FontName /KozMinPr6N-Regular /Flags 6 /FontBBox [0 -200 1000 900]"
    b" /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 740 /StemV 80 >>"
)


def document(lines: list[str]) -> bytes:
    """An A5 page with these lines, the first one larger."""
    texts = []
    for number, line in enumerate(lines):
        size, top = (18, 540) if number == 0 else (12, 510 - number * 22)
        texts.append(b"BT /F1 %d Tf 40 %d Td <%s> Tj ET" % (size, top, line.encode("utf-16-be").hex().encode()))
    content = b"\n".join(texts)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 4 0 R /Resources 8 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        FONT,
        CID_FONT,
        DESCRIPTOR,
        b"<< /Font << /F1 5 0 R >> >>",
    )
    return _file(objects)


def _file(objects: tuple[bytes, ...]) -> bytes:
    """Objects, cross-reference table (ISO 32000-1, 7.5.4) and trailer."""
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
