//! What an agent asks for once it is in: endpoints, labeled tunnels, and their end.

use ground::Secret;
use wire::message::{
    Bind, BindAnswer, BindAnswerExtra, PatchTunnelState, PatchTunnelStateAnswer, StartTunnelWithLabel,
    StartTunnelWithLabelAnswer, Unbind, UnbindAnswer,
};
use wire::{ErrorCode, Stream, StreamType};

use super::agent::{Admitted, Agent, Verdict};
use super::options;
use crate::code::Refusal;
use crate::event::Event;
use crate::model::{About, Scheme, TunnelChange};

impl Agent {
    /// Answers a request of an agent that was let in.
    pub(super) async fn request(&self, kind: StreamType, admitted: &Admitted, stream: Stream) -> Verdict {
        match kind {
            StreamType::BIND => {
                let refuse =
                    |refusal: Refusal| BindAnswer { error: refusal.to_agent(), ..BindAnswer::default() };
                self.rpc(stream, |bind| self.bind(admitted, bind).unwrap_or_else(refuse), refuse).await
            }
            StreamType::START_TUNNEL_WITH_LABEL => {
                let refuse = |refusal: Refusal| StartTunnelWithLabelAnswer {
                    error: refusal.to_agent(),
                    ..StartTunnelWithLabelAnswer::default()
                };
                self.rpc(stream, |label| self.label(admitted, label).unwrap_or_else(refuse), refuse).await
            }
            StreamType::UNBIND => {
                let refuse = |refusal: Refusal| UnbindAnswer { error: refusal.to_agent() };
                self.rpc(stream, |unbind: Unbind| Self::unbind(admitted, &unbind), refuse).await
            }
            StreamType::PATCH_TUNNEL_STATE => {
                let answer = |result: Result<(), Refusal>| PatchTunnelStateAnswer {
                    error: result.err().map(|refusal| refusal.to_agent()).unwrap_or_default(),
                };
                self.rpc(
                    stream,
                    |patch| answer(patch_tunnel(admitted, patch)),
                    |refusal| answer(Err(refusal)),
                )
                .await
            }
            _ => {
                stream.reset(ErrorCode::REFUSED);
                Verdict::GoOn
            }
        }
    }

    fn bind(&self, admitted: &Admitted, bind: Bind) -> Result<BindAnswer, Refusal> {
        let given = options::wanted(&bind, &self.ingress.model)
            .and_then(|wanted| admitted.account.bind(&admitted.session, wanted))
            .inspect_err(|refusal| self.tell_refused(admitted, refusal))?;
        if let Some(port) = given.opened {
            self.ingress.doors.open(port);
        }
        let opts = match given.tunnel.scheme() {
            Some(Scheme::Tcp) => bind.opts.assigned("Addr", &given.at.to_string()),
            _ => bind.opts.assigned("Hostname", given.at.host.as_str()),
        };
        Ok(BindAnswer {
            id: given.tunnel.id.to_string(),
            url: given.url,
            proto: bind.proto,
            opts,
            error: String::new(),
            extra: BindAnswerExtra {
                token: Some(Secret::new("tunnel token", given.token)),
                tunnel_id: given.tunnel.id.to_string(),
            },
        })
    }

    fn label(
        &self,
        admitted: &Admitted,
        request: StartTunnelWithLabel,
    ) -> Result<StartTunnelWithLabelAnswer, Refusal> {
        let tunnel = options::upstream_protocol(&request.forwards_proto)
            .and_then(|upstream_protocol| {
                let about = About {
                    forwards_to: request.forwards_to,
                    upstream_protocol,
                    metadata: request.metadata,
                    ..About::default()
                };
                admitted.account.label(&admitted.session, request.labels, about)
            })
            .inspect_err(|refusal| self.tell_refused(admitted, refusal))?;
        Ok(StartTunnelWithLabelAnswer { id: tunnel.id.to_string(), error: String::new() })
    }

    /// Takes a tunnel back. It may be gone already: clients ask twice.
    fn unbind(admitted: &Admitted, request: &Unbind) -> UnbindAnswer {
        admitted.account.unbind(&admitted.session, &request.id);
        UnbindAnswer::default()
    }

    fn tell_refused(&self, admitted: &Admitted, refusal: &Refusal) {
        let session = admitted.session.id.clone();
        self.ingress.sink.emit(Event::TunnelRefused { session, refusal: refusal.clone() });
    }
}

fn patch_tunnel(admitted: &Admitted, patch: PatchTunnelState) -> Result<(), Refusal> {
    let change = TunnelChange {
        name: patch.name,
        description: patch.description,
        metadata: patch.metadata,
        pooling: patch.pooling_enabled,
        policy: patch.traffic_policy,
    };
    admitted.account.change_tunnel(&admitted.session, &patch.tunnel_id, change)
}
