// A language model of two layers with random weights, as a GGUF file: it speaks nonsense, but as a real one does.

const WIDTH = 64;
const HEADS = 4;
const INNER = 128;
const LAYERS = 2;
const CONTEXT = 8192;

// What llama.cpp calls kinds of tokens.
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

const TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:";

/** The file's bytes; equal seeds give equal files. */
export function tinyGguf(seed = 1) {
  const tokens = vocabulary();
  const tensors = weights(tokens, seed);
  const described = metadata(tokens);
  const head = [
    Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(Object.keys(described).length),
    ...Object.entries(described).flatMap(([key, value]) => [text(key), ...value]),
  ];
  const data = [];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    const bytes = aligned(Buffer.from(values.buffer));
    head.push(text(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset));
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([aligned(Buffer.concat(head)), ...data]);
}

/** Every byte has a token, so that anything can be read; letters have their own, so that what is said is text. */
function vocabulary() {
  const letters = [...'▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM.,!?{}":'];
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  return [
    { piece: '<unk>', kind: UNKNOWN }, { piece: '<s>', kind: CONTROL }, { piece: '</s>', kind: CONTROL },
    ...bytes.map((piece) => ({ piece, kind: BYTE })),
    ...letters.map((piece) => ({ piece, kind: NORMAL })),
  ];
}

function metadata(tokens) {
  const number = (value) => [u32(4), u32(value)];
  const real = (value) => [u32(6), f32(value)];
  const string = (value) => [u32(8), text(value)];
  const array = (type, values) => [u32(9), u32(type), u64(values.length), ...values];
  return {
    'general.architecture': string('llama'),
    'general.name': string('tiny'),
    'llama.vocab_size': number(tokens.length),
    'llama.context_length': number(CONTEXT),
    'llama.embedding_length': number(WIDTH),
    'llama.block_count': number(LAYERS),
    'llama.feed_forward_length': number(INNER),
    'llama.attention.head_count': number(HEADS),
    'llama.attention.head_count_kv': number(HEADS),
    'llama.rope.dimension_count': number(WIDTH / HEADS),
    'llama.attention.layer_norm_rms_epsilon': real(1e-5),
    'tokenizer.ggml.model': string('llama'),
    'tokenizer.ggml.tokens': array(8, tokens.map(({ piece }) => text(piece))),
    'tokenizer.ggml.scores': array(6, tokens.map(() => f32(0))),
    'tokenizer.ggml.token_type': array(5, tokens.map(({ kind }) => u32(kind))),
    'tokenizer.ggml.unknown_token_id': number(0),
    'tokenizer.ggml.bos_token_id': number(1),
    'tokenizer.ggml.eos_token_id': number(2),
    'tokenizer.chat_template': string(TEMPLATE),
  };
}

function weights(tokens, seed) {
  const random = generator(seed);
  const drawn = (name, shape, scale) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => scale * (2 * random() - 1));
    return { name, shape, values };
  };
  const ones = (name) => ({ name, shape: [WIDTH], values: new Float32Array(WIDTH).fill(1) });
  const matrix = (name, inputs, outputs) => drawn(name, [inputs, outputs], Math.sqrt(3 / inputs));
  const spoken = drawn('output.weight', [WIDTH, tokens.length], 1);
  // Rows of zeros: what is no letter, and the end of the answer, is hardly ever said.
  tokens.forEach(({ kind }, row) => kind !== NORMAL && spoken.values.fill(0, row * WIDTH, (row + 1) * WIDTH));
  const layers = Array.from({ length: LAYERS }, (_, layer) => [
    ones(`blk.${layer}.attn_norm.weight`),
    ...['q', 'k', 'v', 'output'].map((part) => matrix(`blk.${layer}.attn_${part}.weight`, WIDTH, WIDTH)),
    ones(`blk.${layer}.ffn_norm.weight`),
    matrix(`blk.${layer}.ffn_gate.weight`, WIDTH, INNER),
    matrix(`blk.${layer}.ffn_up.weight`, WIDTH, INNER),
    matrix(`blk.${layer}.ffn_down.weight`, INNER, WIDTH),
  ]);
  return [drawn('token_embd.weight', [WIDTH, tokens.length], 1), ...layers.flat(), ones('output_norm.weight'), spoken];
}

/** Numbers from 0 to 1, by xorshift. */
function generator(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function aligned(bytes) {
  return Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)]);
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
