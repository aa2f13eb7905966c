// The unmodified SDKs through the proxy: only base URL and key are set. Prints one line a check; the
// first failure ends with its error.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import Anthropic from "@anthropic-ai/sdk";

const { PROXY_URL, SUB_KEY, NARROW_KEY, SLOW_KEY, SPENT_KEY, EXPIRED_KEY, SIM_URL } = process.env;
const openai = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: SUB_KEY });
const beta = new OpenAI({ baseURL: `${PROXY_URL}/beta`, apiKey: SUB_KEY });
const anthropic = new Anthropic({ baseURL: `${PROXY_URL}/anthropic`, apiKey: SUB_KEY });
const hello = [{ role: "user", content: "Say hello." }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

async function fails(work, type, check) {
  try {
    await work();
  } catch (error) {
    assert(error instanceof type, `${error?.constructor?.name}: ${error?.message}`);
    check?.(error);
    return;
  }
  assert.fail(`expected ${type.name}`);
}

const checks = {
  async "chat, plain"() {
    const answer = await openai.chat.completions.create({ model: "deepseek-flash", messages: hello });
    assert.equal(answer.object, "chat.completion");
    assert(answer.choices[0].message.content.length > 0);
    assert(answer.usage.total_tokens > 0);
  },
  async "chat, streamed, with usage"() {
    const stream = await openai.chat.completions.create({
      model: "deepseek-flash", messages: hello, stream: true, stream_options: { include_usage: true },
    });
    let text = "", usage, finish;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    assert(text.length > 0 && usage.completion_tokens > 0 && finish === "stop");
  },
  async "chat, tools"() {
    const answer = await openai.chat.completions.create({
      model: "deepseek-v4-pro", messages: hello, tools: [weather], tool_choice: "required",
    });
    const [call] = answer.choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    JSON.parse(call.function.arguments);
  },
  async "chat, tools, streamed"() {
    const stream = await openai.chat.completions.create({
      model: "deepseek-v4-pro", messages: hello, tools: [weather], tool_choice: "required", stream: true,
    });
    let named = "", args = "";
    for await (const chunk of stream)
      for (const call of chunk.choices[0]?.delta?.tool_calls ?? []) {
        named += call.function?.name ?? "";
        args += call.function?.arguments ?? "";
      }
    assert.equal(named, "get_weather");
    JSON.parse(args);
  },
  async "models"() {
    const ids = (await openai.models.list()).data.map((m) => m.id);
    assert(ids.includes("deepseek-flash") && ids.includes("deepseek-v4-pro"));
    const narrow = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: NARROW_KEY });
    assert.deepEqual((await narrow.models.list()).data.map((m) => m.id), ["deepseek-flash"]);
    assert.equal((await openai.models.retrieve("deepseek-flash")).id, "deepseek-flash");
  },
  async "FIM, plain and streamed"() {
    const ask = { model: "deepseek-flash", prompt: "def f(", suffix: "return 1", max_tokens: 30 };
    const answer = await beta.completions.create(ask);
    assert.equal(typeof answer.choices[0].text, "string");
    let text = "";
    for await (const chunk of await beta.completions.create({ ...ask, stream: true }))
      text += chunk.choices[0]?.text ?? "";
    assert(text.length > 0);
  },
  async "Responses, plain and streamed"() {
    const answer = await openai.responses.create({ model: "deepseek-flash", input: "Say hello." });
    assert(answer.output_text.length > 0 && answer.usage.total_tokens > 0);
    let done;
    for await (const event of await openai.responses.create(
      { model: "deepseek-flash", input: "Say hello.", stream: true }))
      if (event.type === "response.completed") done = event.response;
    assert(done.usage.output_tokens > 0);
  },
  async "Anthropic, plain and streamed"() {
    const ask = { model: "claude-opus-4", max_tokens: 300, messages: hello };
    const answer = await anthropic.messages.create(ask);
    assert(answer.usage.output_tokens > 0 && answer.content.length > 0);
    const stream = anthropic.messages.stream(ask);
    const final = await stream.finalMessage();
    assert(final.usage.output_tokens > 0);
  },
  async "files belong to the key that uploaded them"() {
    const other = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: NARROW_KEY });
    const file = await openai.files.create({
      file: await toFile(Buffer.from("hello"), "hello.txt"), purpose: "user_data" });
    assert(file.id);
    const mine = (await openai.files.list()).data.map((f) => f.id);
    assert(mine.includes(file.id));
    assert.deepEqual((await other.files.list()).data, []);
    await fails(() => other.files.retrieve(file.id), OpenAI.NotFoundError);
    await fails(() => other.files.delete(file.id), OpenAI.NotFoundError);
    assert.equal((await openai.files.retrieve(file.id)).id, file.id);
    await openai.files.delete(file.id);
    assert(!(await openai.files.list()).data.map((f) => f.id).includes(file.id));
  },
  async "errors are the SDK's own types"() {
    const bad = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: "sk-ds-nobody" });
    await fails(() => bad.models.list(), OpenAI.AuthenticationError,
      (e) => assert.equal(e.code, "invalid_api_key"));
    const expired = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: EXPIRED_KEY });
    await fails(() => expired.models.list(), OpenAI.AuthenticationError, (e) => {
      assert.equal(e.code, "expired_api_key");
      assert(/expired/i.test(e.message) && !/invalid/i.test(e.message));
    });
    const narrow = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: NARROW_KEY });
    await fails(() => narrow.chat.completions.create({ model: "deepseek-v4-pro", messages: hello }),
      OpenAI.PermissionDeniedError, (e) => assert.equal(e.code, "model_not_allowed"));
    await fails(() => openai.chat.completions.create({ model: "deepseek-flash", messages: hello,
      max_tokens: -1 }), OpenAI.BadRequestError);
    const claude = new Anthropic({ baseURL: `${PROXY_URL}/anthropic`, apiKey: "sk-ds-nobody" });
    await fails(() => claude.messages.create({ model: "claude-opus-4", max_tokens: 5, messages: hello }),
      Anthropic.AuthenticationError);
  },
  async "a spent budget is told at once, without retries"() {
    const spent = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: SPENT_KEY });
    const began = Date.now();
    await fails(() => spent.chat.completions.create({ model: "deepseek-flash", messages: hello }),
      OpenAI.RateLimitError, (e) => assert.equal(e.code, "insufficient_quota"));
    assert(Date.now() - began < 400, "the SDK retried");
  },
  async "retry-after is obeyed: the second call waits for the bucket and succeeds"() {
    const slow = new OpenAI({ baseURL: `${PROXY_URL}/v1`, apiKey: SLOW_KEY, maxRetries: 3 });
    await slow.models.list();
    const before = (await (await fetch(`${SIM_URL}/__sim/bill`)).json()).requests;
    await slow.models.list(); // refused first, then let in when the bucket has refilled
    const after = (await (await fetch(`${SIM_URL}/__sim/bill`)).json()).requests;
    assert.equal(after - before, 1);
  },
};

const wanted = process.argv.slice(2);
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length && !wanted.some((w) => name.includes(w))) continue;
  await check();
  console.log(`ok   ${name}`);
}
