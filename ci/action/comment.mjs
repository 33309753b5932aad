// The comment of the GitHub action: one for each pull request, written once and then kept up to date.
//
// It is known by a hidden line at its start. With nothing to judge none is begun, but one that is there is
// brought up to date. What keeps it from being written is said in the log and in the job's summary, and
// fails nothing: tokens of forks may only read.

import { appendFileSync, readFileSync } from "node:fs";

const env = process.env;
const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, "utf8"));
const number = event.pull_request?.number;
if (number === undefined) {
  console.log("no pull request, so no comment");
  process.exit();
}

const key = env.COMMENT_KEY ? `:${encodeURIComponent(env.COMMENT_KEY)}` : "";
const marker = `<!-- brolly${key} -->`;
const body = `${marker}\n${readFileSync(env.COMMENT_FILE, "utf8")}`;
const { summary, findings } = JSON.parse(readFileSync(env.COMMENT_JSON, "utf8"));
const repository = `${env.GITHUB_API_URL}/repos/${env.GITHUB_REPOSITORY}`;

async function ask(method, url, content) {
  const answer = await fetch(url, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${env.GITHUB_TOKEN}`,
      "x-github-api-version": "2022-11-28",
    },
    body: content && JSON.stringify(content),
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new Error(`${method} ${new URL(url).pathname}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The comment of an earlier run. What strangers write is theirs, whatever it begins with. */
async function earlier() {
  const ours = ({ user, author_association: by }) =>
    user?.type === "Bot" || ["OWNER", "MEMBER", "COLLABORATOR"].includes(by);
  for (let page = 1; ; page++) {
    const comments = await ask("GET", `${repository}/issues/${number}/comments?per_page=100&page=${page}`);
    const found = comments.find((comment) => comment.body?.startsWith(marker) && ours(comment));
    if (found || comments.length < 100) return found;
  }
}

try {
  const there = await earlier();
  if (there?.body === body) {
    console.log("the comment is up to date");
  } else if (there) {
    await ask("PATCH", `${repository}/issues/comments/${there.id}`, { body });
    console.log("brought the comment up to date");
  } else if (summary.migrations > 0 || findings.length > 0) {
    await ask("POST", `${repository}/issues/${number}/comments`, { body });
    console.log("wrote a comment");
  } else {
    console.log("nothing was judged, so there is no comment");
  }
} catch (error) {
  const fork = event.pull_request.head?.repo?.full_name !== event.pull_request.base?.repo?.full_name;
  const cure = fork
    ? "the token of a pull request from a fork may only read"
    : "the job needs `permissions: pull-requests: write`";
  const why = String(error.message).replace(/\s+/g, " ").slice(0, 300);
  console.log(`::warning title=brolly::no comment was written (${cure}): ${why.replaceAll("%", "%25")}`);
  appendFileSync(env.GITHUB_STEP_SUMMARY, `\nNo comment was written on the pull request: ${cure}.\n`);
}
