//! How fast this machine makes RSA-2048 signatures, and nothing else.

use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

use crate::{Outcome, cores, machine};

/// What a token is to be signed with: as the org's, a key for RS256.
pub(crate) struct Signing {
    key: KeyPair,
    /// As long as what is signed of a token.
    text: Vec<u8>,
}

/// How much was signed.
#[derive(Clone, Copy)]
pub(crate) struct Signed {
    /// Signatures a second on each core, all of them at it.
    pub(crate) rate: f64,
    /// The processor time that one takes.
    pub(crate) each: Option<Duration>,
}

impl Signing {
    pub(crate) fn of(token: &str) -> Outcome<Self> {
        let signed = token.rsplit_once('.').ok_or("the token has no signature")?.0;
        Ok(Self { key: KeyPair::generate(KeySize::Rsa2048)?, text: signed.as_bytes().to_vec() })
    }

    /// Signs on all cores for so long.
    pub(crate) fn measure(&self, time: Duration) -> Outcome<Signed> {
        let signers = std::thread::scope(|scope| {
            let signers: Vec<_> = (0..cores().get()).map(|_| scope.spawn(|| self.sign(time))).collect();
            let joined = signers.into_iter().map(|signer| signer.join().map_err(|_| "a signer failed")?);
            joined.collect::<Outcome<Vec<Signed>>>()
        })?;
        let count = signers.len();
        let each: Option<Duration> = signers.iter().map(|signer| signer.each).sum();
        let rate = signers.iter().map(|signer| signer.rate).sum::<f64>() / count as f64;
        Ok(Signed { rate, each: each.map(|each| each / count as u32) })
    }

    fn sign(&self, time: Duration) -> Outcome<Signed> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let (began, used, mut count) = (Instant::now(), machine::of_this_thread(), 0);
        while began.elapsed() < time {
            self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &self.text, &mut signature)?;
            count += 1;
        }
        let took = began.elapsed();
        let used = machine::of_this_thread().zip(used).map(|(now, then)| now - then);
        Ok(Signed { rate: f64::from(count) / took.as_secs_f64(), each: used.map(|used| used / count) })
    }
}
