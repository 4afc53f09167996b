//! Which backend of trussed answers which of the PIV application's requests.

use trussed::backend::{Backend as _, BackendId};
use trussed::platform::Platform;
use trussed::serde_extensions::{ExtensionDispatch, ExtensionId, ExtensionImpl};
use trussed::service::ServiceResources;
use trussed::types::Context;
use trussed_auth::AuthExtension;
use trussed_auth_backend::{AuthBackend, AuthContext, FilesystemLayout};
use trussed_chunked::ChunkedExtension;
use trussed_core::Error;
use trussed_core::api::{Reply, Request, reply, request};
use trussed_core::types::Location;
use trussed_hpke::HpkeExtension;
use trussed_rsa_alloc::SoftwareRsa;
use trussed_staging::{StagingBackend, StagingContext};
use trussed_wrap_key_to_file::WrapKeyToFileExtension;

/// The backends, in the order in which they are asked.
pub(crate) const BACKENDS: &[BackendId<Backend>] = &[
    BackendId::Custom(Backend::Rsa),
    BackendId::Custom(Backend::Staging),
    BackendId::Custom(Backend::Auth),
    BackendId::Core,
];

pub(crate) enum Backend {
    Rsa,
    Staging,
    Auth,
}

#[derive(Clone, Copy)]
pub(crate) enum Extension {
    Auth,
    Chunked,
    WrapKeyToFile,
    Hpke,
}

impl Extension {
    const ALL: [Self; 4] = [Self::Auth, Self::Chunked, Self::WrapKeyToFile, Self::Hpke];
}

impl From<Extension> for u8 {
    fn from(extension: Extension) -> Self {
        extension as Self
    }
}

impl TryFrom<u8> for Extension {
    type Error = Error;

    fn try_from(id: u8) -> Result<Self, Error> {
        Self::ALL.get(usize::from(id)).copied().ok_or(Error::InternalError)
    }
}

pub(crate) struct Dispatch {
    auth: AuthBackend,
    staging: StagingBackend,
}

#[derive(Default)]
pub(crate) struct Contexts {
    auth: AuthContext,
    staging: StagingContext,
}

impl Dispatch {
    pub(crate) fn new() -> Self {
        let auth = AuthBackend::new(Location::External, FilesystemLayout::V1);
        Self { auth, staging: StagingBackend::new() }
    }
}

impl ExtensionDispatch for Dispatch {
    type BackendId = Backend;
    type Context = Contexts;
    type ExtensionId = Extension;

    fn core_request<P: Platform>(
        &mut self,
        backend: &Backend,
        context: &mut Context<Contexts>,
        request: &Request,
        resources: &mut ServiceResources<P>,
    ) -> Result<Reply, Error> {
        let (core, own) = (&mut context.core, &mut context.backends);
        match backend {
            Backend::Rsa => SoftwareRsa.request(core, &mut (), request, resources),
            Backend::Staging => self.staging.request(core, &mut own.staging, request, resources),
            Backend::Auth => self.auth.request(core, &mut own.auth, request, resources),
        }
    }

    fn extension_request<P: Platform>(
        &mut self,
        backend: &Backend,
        extension: &Extension,
        context: &mut Context<Contexts>,
        request: &request::SerdeExtension,
        resources: &mut ServiceResources<P>,
    ) -> Result<reply::SerdeExtension, Error> {
        let (core, own) = (&mut context.core, &mut context.backends);
        let (staging, state) = (&mut self.staging, &mut own.staging);
        match (backend, extension) {
            (Backend::Auth, Extension::Auth) => {
                self.auth.extension_request_serialized(core, &mut own.auth, request, resources)
            }
            (Backend::Staging, Extension::Chunked) => {
                ExtensionImpl::<ChunkedExtension>::extension_request_serialized(
                    staging, core, state, request, resources,
                )
            }
            (Backend::Staging, Extension::WrapKeyToFile) => {
                ExtensionImpl::<WrapKeyToFileExtension>::extension_request_serialized(
                    staging, core, state, request, resources,
                )
            }
            (Backend::Staging, Extension::Hpke) => {
                ExtensionImpl::<HpkeExtension>::extension_request_serialized(
                    staging, core, state, request, resources,
                )
            }
            _ => Err(Error::RequestNotAvailable),
        }
    }
}

impl ExtensionId<AuthExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::Auth;
}

impl ExtensionId<ChunkedExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::Chunked;
}

impl ExtensionId<WrapKeyToFileExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::WrapKeyToFile;
}

impl ExtensionId<HpkeExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::Hpke;
}
