# Installing: what goes where. Included by the Makefile; `make install DESTDIR=/tmp/tree PREFIX=/usr` stages a tree.

BINDIR      := $(PREFIX)/bin
UNITDIR     := $(PREFIX)/lib/systemd/system
SYSUSERSDIR := $(PREFIX)/lib/sysusers.d
TMPFILESDIR := $(PREFIX)/lib/tmpfiles.d
MANDIR      := $(PREFIX)/share/man
DOCDIR      := $(PREFIX)/share/doc/podoru
DATADIR     := $(PREFIX)/share/podoru
BASHDIR     := $(PREFIX)/share/bash-completion/completions
ZSHDIR      := $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR     := $(PREFIX)/share/fish/vendor_completions.d
CONFDIR     := $(SYSCONFDIR)/podoru
UFWDIR      := $(SYSCONFDIR)/ufw/applications.d
# Empty keeps the symbols of the binary.
STRIP       ?= -s

# Everything that `install` makes but the operator's own files, which are in $(CONFDIR) and /var/lib/podoru.
INSTALLED := \
  $(BINDIR)/podoru $(BINDIR)/podoru-open $(UNITDIR)/podoru.service $(SYSUSERSDIR)/podoru.conf $(TMPFILESDIR)/podoru.conf \
  $(MANDIR)/man1/podoru.1 $(MANDIR)/man1/podoru-open.1 $(MANDIR)/man5/podoru.yaml.5 \
  $(BASHDIR)/podoru $(ZSHDIR)/_podoru $(FISHDIR)/podoru.fish $(UFWDIR)/podoru
INSTALLED_FOLDERS := $(DOCDIR) $(DATADIR)

# The sample with the places of an installed node.
PLACE := sed -e 's|^genesis_path: .*|genesis_path: "$(CONFDIR)/genesis.json"|' \
  -e 's|^data_dir: .*|data_dir: "/var/lib/podoru"|' \
  -e 's|^api_admin_socket: .*|api_admin_socket: "/run/podoru/admin.sock"|'
FILL := sed -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g'

.PHONY: install install-build install-files uninstall deb

# What sudo builds would belong to root, who mostly has no Swift on the PATH either: then what `make build` made is installed.
install-build:
	@if [ -z "$$SUDO_USER" ]; then $(MAKE) build; \
	elif [ ! -x $(RELEASE)/podoru ]; then \
	  echo "there is no $(RELEASE)/podoru yet: run \`make build\` first, without sudo" >&2; exit 69; \
	elif [ -n "$$(find Sources Package.swift -newer $(RELEASE)/podoru -print -quit)" ]; then \
	  echo "$(RELEASE)/podoru is older than its sources: if you have not yet, run \`make build\` without sudo, then this again" >&2; \
	fi

install: install-build install-files ## install as a service (PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR=)
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ] && [ -d /run/systemd/system ]; then \
	  systemd-sysusers $(SYSUSERSDIR)/podoru.conf && systemd-tmpfiles --create $(TMPFILESDIR)/podoru.conf && systemctl daemon-reload; \
	fi
	@echo "installed. Next:"
	@echo "  1. put the network's genesis at $(CONFDIR)/genesis.json and look through $(CONFDIR)/node.yaml"
	@echo "  2. sudo podoru check-config $(CONFDIR)/node.yaml"
	@echo "  3. sudo systemctl enable --now podoru && podoru status"

install-files:
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) $(MANDIR)/man1 $(MANDIR)/man5 $(BASHDIR) \
	  $(ZSHDIR) $(FISHDIR) $(UFWDIR) $(DOCDIR) $(DATADIR))
	install -d -m 0750 $(DESTDIR)$(CONFDIR)
	install -m 0755 $(STRIP) $(RELEASE)/podoru $(DESTDIR)$(BINDIR)/podoru
	install -m 0755 deploy/ufw/podoru-open $(DESTDIR)$(BINDIR)/podoru-open
	$(FILL) deploy/systemd/podoru.service.in > $(DESTDIR)$(UNITDIR)/podoru.service
	install -m 0644 deploy/sysusers.d/podoru.conf $(DESTDIR)$(SYSUSERSDIR)/podoru.conf
	$(FILL) deploy/tmpfiles.d/podoru.conf.in > $(DESTDIR)$(TMPFILESDIR)/podoru.conf
	install -m 0644 deploy/man/podoru.1 deploy/man/podoru-open.1 $(DESTDIR)$(MANDIR)/man1
	install -m 0644 deploy/man/podoru.yaml.5 $(DESTDIR)$(MANDIR)/man5
	$(RELEASE)/podoru --generate-completion-script bash > $(DESTDIR)$(BASHDIR)/podoru
	@# It is read by a shell, not run: without the first line, which names one.
	sed -i '1{/^#!/d}' $(DESTDIR)$(BASHDIR)/podoru
	$(RELEASE)/podoru --generate-completion-script zsh > $(DESTDIR)$(ZSHDIR)/_podoru
	$(RELEASE)/podoru --generate-completion-script fish > $(DESTDIR)$(FISHDIR)/podoru.fish
	install -m 0644 deploy/ufw/podoru $(DESTDIR)$(UFWDIR)/podoru
	install -m 0644 LICENSE README.md CHANGELOG.md $(DESTDIR)$(DOCDIR)
	@# The pages that the README leads to: at night there may be no network.
	cp -r docs $(DESTDIR)$(DOCDIR)
	cp -r deploy/prometheus deploy/grafana deploy/systemd/producer.conf $(DESTDIR)$(DATADIR)
	$(PLACE) deploy/config/node.yaml > $(DESTDIR)$(DATADIR)/node.yaml
	chmod -R u=rwX,go=rX $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
	@# Never over the operator's own: a newer sample is put beside it.
	@if [ ! -e $(DESTDIR)$(CONFDIR)/node.yaml ]; then \
	  install -m 0640 $(DESTDIR)$(DATADIR)/node.yaml $(DESTDIR)$(CONFDIR)/node.yaml; \
	elif ! cmp -s $(DESTDIR)$(DATADIR)/node.yaml $(DESTDIR)$(CONFDIR)/node.yaml; then \
	  install -m 0640 $(DESTDIR)$(DATADIR)/node.yaml $(DESTDIR)$(CONFDIR)/node.yaml.new; \
	  echo "kept $(CONFDIR)/node.yaml; the sample of this version is beside it as node.yaml.new"; \
	fi

uninstall: ## remove what install made; keeps the configuration and the data
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl disable --now podoru.service 2>/dev/null || true; fi
	rm -f $(addprefix $(DESTDIR),$(INSTALLED)) $(DESTDIR)$(CONFDIR)/node.yaml.new
	rm -rf $(addprefix $(DESTDIR),$(INSTALLED_FOLDERS))
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
	@echo "kept: $(CONFDIR), /var/lib/podoru and the user podoru"

deb: build ## build a Debian package with the same content
	RELEASE=$(RELEASE) deploy/debian/build
