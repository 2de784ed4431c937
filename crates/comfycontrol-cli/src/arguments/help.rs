//! What stands below the options in `--help`.

pub(super) const EXIT_CODES: &str = "\
The token is read from COMFYCONTROL_TOKEN. Proxies are those of HTTPS_PROXY, ALL_PROXY and NO_PROXY.

Exit codes:
  0    done
  1    the API refused it, or the response is not usable
  2    wrong arguments
  3    no usable token or setting; nothing was sent
  4    the token was refused (401, 403)
  5    there is no such thing (404)
  6    the rate limit: throttled (429), or rejected to keep within it
  7    no response: the connection failed, or the time was over
  8    the run failed, was cancelled or is not valid
  9    it is not known whether the run was started; nothing more was sent
  130  interrupted";

pub(super) const RUN: &str = "\
Example:
  comfycontrol run graph.json -p prompt='a sunset' -f photo=in.png -o out

The paths of the saved files are printed. The graph names what can be set:
$text(prompt) is set by -p, $choice(sampler, ...) by -c, $file(photo) by -f.";

pub(super) const BATCH: &str = "\
Example:
  comfycontrol batch graph.json prompts.csv -o out --jobs 8

with a prompts.csv such as:
  prompt,#sampler,@photo
  a sunset,euler,photos/1.png

The files of the row on line 2 are in out/line-2. End it at any time: the same
command goes on, and runs no row twice. Exit codes: 9 if a row is in doubt, else
8 if a run failed, else 1 if a row was refused or is not saved, or if this start
has found that files of a removed folder are lost.";

pub(super) const GET: &str = "\
Examples:
  comfycontrol get /v1/user
  comfycontrol get /v1/workflow -q per_page=5 -q status=failed";

pub(super) const POST: &str = "\
Examples:
  comfycontrol post /v1/workflow/ID/cancel
  comfycontrol post /v1/runner -d '{\"name\": \"studio\", \"endpoint\": \"https://a.example\"}'
  comfycontrol post /v1/workflow -F name=sunset -F workflow_json=@graph.json";

pub(super) const EMULATOR: &str = "\
Example:
  comfycontrol emulator --http-port 8080
  # and in another terminal, with the token that it prints:
  COMFYCONTROL_TOKEN=cfc_... comfycontrol --base-url http://127.0.0.1:8080 whoami

Ctrl-C ends it, and shows the totals.";

pub(super) const GATEWAY: &str = "\
Example:
  comfycontrol gateway &
  curl http://127.0.0.1:8099/v1/user

http://127.0.0.1:8099/_/ shows what it does. Ctrl-C ends it.";

pub(super) const COMPLETIONS: &str = "\
Example, for bash:
  comfycontrol completions bash > ~/.local/share/bash-completion/completions/comfycontrol";
