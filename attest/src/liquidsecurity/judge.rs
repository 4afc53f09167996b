//! The HSM's judge: who signed the statement, which chains lead to that key, and what the HSM says of the attested one.
//!
//! Only the maker's chain proves: an owner's root says whose HSM it is, and could sign for any key. So an owner's chain
//! raises no verdict; it can take one down, where it disagrees.

use quoted::Quoted;

use super::name::Place;
use super::profile::{Maker, Owner};
use super::{Statement as Signed, pair::Pair};
use crate::path::{self, Broken, Deviation, Path, Profile, Search};
use crate::{
    Anchor, Certificate, Finding, Judgement, Kind, Named, Question, Role, RootName, Statement, Verdict,
};

/// Judges a statement. `pool` has the certificates, `anchors` all that are known or given.
pub(crate) fn judge(
    signed: &Signed,
    pool: &[Certificate],
    anchors: &[Anchor],
    question: &Question,
) -> Judgement {
    let mut case = Case { signed, pool, anchors, question, verdict: Verdict::Proven, findings: Vec::new() };
    let is_partition = |one: &&Certificate| Place::of(one).is_some_and(|place| place.partition.is_some());
    let signed_by = |one: &&Certificate| signed.is_signed_by(one.key());
    let (signers, others): (Vec<_>, Vec<_>) = pool.iter().filter(is_partition).partition(signed_by);
    case.others(&signers, &others);
    let by_card = |one: &&Certificate| Place::of_issuer(one).is_some();
    let named = signers.iter().find(|one| by_card(one)).or(signers.first()).and_then(|one| Place::of(one));
    let by_card: Vec<&Certificate> = signers.into_iter().filter(by_card).collect();
    let (root, proven) = case.maker(&by_card).unzip();
    // The key that signed is public: a stranger can put it under any name, so the name that the maker signed goes first.
    let partition = proven.flatten().or(named);
    if let Some(partition) = &partition {
        case.owner(partition);
    }
    case.judgement(root, partition)
}

/// What the maker and the owner certified: the partition whose key signed the statement, and its card.
pub(crate) fn certified<'a>(signed: &Signed, pool: &[&'a Certificate]) -> Vec<&'a Certificate> {
    let placed = pool.iter().filter_map(|one| Some((*one, Place::of(one)?)));
    let (mut partitions, cards): (Vec<_>, Vec<_>) = placed.partition(|(_, place)| place.partition.is_some());
    partitions.retain(|(one, _)| signed.is_signed_by(one.key()));
    let is_card = |(_, card): &(_, Place)| partitions.iter().any(|(_, of)| card.is_card_of(of));
    let cards: Vec<_> = cards.into_iter().filter(is_card).collect();
    partitions.into_iter().chain(cards).map(|(one, _)| one).collect()
}

struct Case<'a> {
    signed: &'a Signed,
    pool: &'a [Certificate],
    anchors: &'a [Anchor],
    question: &'a Question,
    verdict: Verdict,
    findings: Vec<Finding>,
}

impl<'a> Case<'a> {
    /// Partitions whose keys did not sign. Those of other names do no harm beside one that did.
    fn others(&mut self, signers: &[&Certificate], others: &[&Certificate]) {
        let same_name = |other: &&&Certificate| signers.iter().any(|signer| signer.name() == other.name());
        let message = match (signers.is_empty(), others.first(), others.iter().find(same_name)) {
            (true, Some(other), _) => format!("The statement is not signed by {}.", Named(other.name())),
            (_, _, Some(other)) => format!("{} has two keys in the evidence.", Named(other.name())),
            _ => return,
        };
        self.fall(Verdict::Contradicted, Finding::error("signature-mismatch", message));
    }

    /// The maker's chain: the one that proves. Its end, and the partition that it leads to.
    fn maker(&mut self, partitions: &[&'a Certificate]) -> Option<(RootName, Option<Place>)> {
        let vouches = |anchor: &&Anchor| anchor.vouches_for(Kind::LiquidSecurity);
        let anchors: Vec<Anchor> = self.anchors.iter().filter(vouches).cloned().collect();
        let Some(found) = self.path(partitions, &anchors, &Maker) else {
            let message = "The maker's certificate of the HSM's partition, signed by its card, is missing: nothing says \
                           that this is such an HSM.";
            self.fall(Verdict::Unattested, Finding::error("no-issuer", message));
            return None;
        };
        match found {
            Ok(Found { root, deviations, partition, card }) => {
                self.findings.extend(deviations.iter().map(Deviation::finding));
                self.one_key_a_name(&card);
                Some((root, partition))
            }
            Err(broken) => {
                let of_root = |name: &str| anchors.iter().any(|anchor| anchor.name() == name);
                let hint = match &broken {
                    Broken::Expired { name, .. } if of_root(name) => EDITIONS,
                    _ => "",
                };
                self.fall(broken.verdict(), Finding::error(broken.code(), format!("{broken}.{hint}")));
                None
            }
        }
    }

    /// The owner's chains, to the partition and to its card: whose HSM it is. One that is there must hold.
    fn owner(&mut self, partition: &Place) {
        let owns = |anchor: &&Anchor| {
            anchor.role() == Role::Owner || anchor.is_given() && anchor.vouches_for(Kind::LiquidSecurity)
        };
        let anchors: Vec<Anchor> = self.anchors.iter().filter(owns).cloned().collect();
        let mut owner = None;
        for certificate in self.certified_by_owners(partition) {
            match self.path(&[certificate], &anchors, &Owner) {
                Some(Ok(found)) => owner = Some(found.root),
                Some(Err(broken)) => return self.unowned(&broken),
                None => {}
            }
        }
        self.findings.push(match owner {
            None => Finding::info("no-owner", "The evidence does not say whose HSM it is."),
            Some(RootName { name, sha256, .. }) => Finding::info(
                "owner",
                format!("The HSM's owner signed for it too: {} (SHA-256 {sha256}).", Named(&name)),
            ),
        });
    }

    /// The partition's certificates that no card signed, and the card's that no root for HSMs signed.
    fn certified_by_owners(&self, partition: &Place) -> Vec<&'a Certificate> {
        let roots = self.anchors.iter().filter(|anchor| anchor.vouches_for(Kind::LiquidSecurity));
        let roots: Vec<&Certificate> = roots.filter_map(|root| root.certificate(self.pool)).collect();
        let by_root = |card: &Certificate| roots.iter().any(|root| card.names_as_issuer(root));
        let of_partition = |one: &Certificate| {
            Place::of(one).is_some_and(|place| place == *partition) && Place::of_issuer(one).is_none()
        };
        let makers_is_known = self
            .pool
            .iter()
            .any(|one| by_root(one) && Place::of(one).is_some_and(|place| place.is_card_of(partition)));
        // An owner signs both. A card of which nothing says that it is an owner's is the maker's, whatever its root.
        let by_owner_of = |card: &Certificate| {
            let owners = self.anchors.iter().filter(|anchor| anchor.role() == Role::Owner);
            let owners = owners.filter_map(|owner| owner.certificate(self.pool));
            let partitions = self.pool.iter().filter(|one| of_partition(one));
            makers_is_known
                || owners.into_iter().any(|owner| card.names_as_issuer(owner))
                || partitions.into_iter().any(|one| one.has_issuer_of(card))
        };
        let by_owner = |one: &&Certificate| {
            let of_card = |place: Place| place.is_card_of(partition) && !by_root(one) && by_owner_of(one);
            of_partition(one) || Place::of(one).is_some_and(of_card)
        };
        self.pool.iter().filter(by_owner).collect()
    }

    /// A date takes nothing from what the maker says; all else is evidence that does not hold.
    fn unowned(&mut self, broken: &Broken) {
        let message = format!("Whose HSM it is, is not proven: {broken}.");
        match broken {
            Broken::Expired { .. } | Broken::NotYetValid { .. } => {
                self.findings.push(Finding::warning("owner-unproven", message));
            }
            _ => self.fall(broken.verdict(), Finding::error("owner-unproven", message)),
        }
    }

    /// The first path that holds, else what is in the way; nothing where there is no certificate to begin with.
    fn path(
        &self,
        leaves: &[&'a Certificate],
        anchors: &[Anchor],
        profile: &dyn Profile,
    ) -> Option<Result<Found, Broken>> {
        let search = Search { pool: self.pool, anchors, at: self.question.at, profile };
        let mut obstacle = None;
        for leaf in leaves {
            match path::find(leaf, &search) {
                Ok(path) => return Some(Ok(found(&path))),
                Err(broken) => obstacle = obstacle.or(Some(Err(broken))),
            }
        }
        obstacle
    }

    /// The maker and the owner certified the same card: a name has one key.
    fn one_key_a_name(&mut self, card: &Certificate) {
        let other = |one: &&Certificate| one.name() == card.name() && one.key() != card.key();
        if let Some(other) = self.pool.iter().find(other) {
            let message = format!("{} has two keys in the evidence.", Named(other.name()));
            self.fall(Verdict::Contradicted, Finding::error("card-mismatch", message));
        }
    }

    fn judgement(mut self, root: Option<RootName>, place: Option<Place>) -> Judgement {
        let Pair { key, label, id, local, leaves, uses } = self.signed.pair.clone();
        let mut said = Statement::of(Some(Kind::LiquidSecurity), Some(key));
        said.vendor = Some("Marvell".to_owned());
        said.label = Some(label);
        said.origin = Some(if local { "generated" } else { "imported" });
        said.exportable = Some(leaves);
        if let Some(place) = place {
            said.fips = place.fips();
            said.slot = place.partition.map(|number| format!("partition {number}"));
            said.serial = Some(place.serial);
        }
        if !local {
            let message = "The key came into the HSM from outside: it exists, or existed, elsewhere.";
            self.findings.push(Finding::warning("not-generated", message));
        }
        if leaves {
            let message = "The key can leave the HSM, or could once: a copy may exist elsewhere.";
            self.findings.push(Finding::warning("exportable", message));
        }
        let message = format!("The key may: {}. Its identifier: {}.", uses.join(", "), Quoted(id));
        self.findings.push(Finding::info("attributes", message));
        let root = root.filter(|_| self.verdict == Verdict::Proven);
        Judgement { verdict: self.verdict, statement: said, root, findings: self.findings }
    }

    /// The verdict only falls: what contradicts outweighs what is missing.
    fn fall(&mut self, verdict: Verdict, finding: Finding) {
        if self.verdict != Verdict::Contradicted {
            self.verdict = verdict;
        }
        self.findings.push(finding);
    }
}

/// What to do about the maker's root of 2015.
const EDITIONS: &str = " Marvell issued its root anew in 2024, with the same key and until 2034: give that edition with \
                        --intermediate, or ask for an earlier time with --at.";

/// What is kept of a path.
struct Found {
    root: RootName,
    deviations: Vec<Deviation>,
    /// Where it begins.
    partition: Option<Place>,
    /// The certificate before the root.
    card: Certificate,
}

fn found(path: &Path<'_>) -> Found {
    let first = path.certificates[0];
    let last = path.certificates.last().copied().unwrap_or(first);
    let (root, deviations) = (path.anchor.root_name(), path.deviations.clone());
    Found { root, deviations, partition: Place::of(first), card: last.clone() }
}
